//! The live view: drawn anew on a terminal, one line now and then anywhere else.

use std::io::{IsTerminal, Stdout, Write};

use ratatui::backend::CrosstermBackend;
use ratatui::crossterm::ExecutableCommand;
use ratatui::crossterm::terminal::{EnterAlternateScreen, LeaveAlternateScreen};
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Color, Stylize};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Paragraph, Sparkline};
use ratatui::{Frame, Terminal};

use super::board::{Activity, Board, Machine};
use super::load::PEAK;

/// Seconds between two lines where nothing can be drawn anew.
const LINE_SECS: u64 = 5;

/// Where the demo is shown.
pub(super) enum View {
    /// On a terminal.
    Screen(Terminal<CrosstermBackend<Stdout>>),
    /// As lines; holds when the last one was written, seconds of the run.
    Lines(Option<u64>),
}

impl View {
    /// A screen if standard output is a terminal that can be drawn on.
    pub(super) fn open() -> View {
        let mut out = std::io::stdout();
        if !out.is_terminal() || out.execute(EnterAlternateScreen).is_err() {
            return View::Lines(None);
        }
        match Terminal::new(CrosstermBackend::new(out)) {
            Ok(terminal) => View::Screen(terminal),
            Err(_) => {
                leave();
                View::Lines(None)
            }
        }
    }

    /// Shows how things stand.
    pub(super) fn show(&mut self, board: &Board) -> std::io::Result<()> {
        match self {
            View::Screen(terminal) => terminal.draw(|frame| draw(frame, board)).map(drop),
            View::Lines(last) => {
                let secs = board.elapsed.as_secs();
                if last.is_some_and(|last| secs < last + LINE_SECS) {
                    return Ok(());
                }
                *last = Some(secs);
                writeln!(std::io::stdout().lock(), "{}", line(board))
            }
        }
    }
}

impl Drop for View {
    /// The terminal is given back as it was, however the demo ends.
    fn drop(&mut self) {
        if let View::Screen(terminal) = self {
            // Whoever closed the terminal needs no cursor.
            let _shown = terminal.show_cursor();
            leave();
        }
    }
}

/// Gives the terminal its own screen back.
fn leave() {
    // Where this fails there is no terminal any more.
    let _left = std::io::stdout().execute(LeaveAlternateScreen);
}

fn clock(secs: u64) -> String {
    format!("{:02}:{:02}", secs / 60, secs % 60)
}

/// The whole state in a line.
fn line(board: &Board) -> String {
    let now = board.now();
    format!(
        "{} of {}  load {:>3.0}/s  machines {} in service, {} desired  {} answered, {} failed, p50 {} ms, p99 {} ms",
        clock(board.elapsed.as_secs()),
        clock(board.total.as_secs()),
        now.load,
        now.serving,
        now.desired,
        board.answered,
        board.failed,
        board.latency_millis.0,
        board.latency_millis.1,
    )
}

/// The newest values that fit in `width` columns, of the whole run: each column stands for an equal part of it.
fn columns(board: &Board, width: u16, value: impl Fn(&super::board::Sample) -> f64) -> Vec<u64> {
    let total = board.total.as_secs_f64().max(1.0);
    let mut columns = vec![0.0f64; usize::from(width)];
    for sample in &board.samples {
        let at = (sample.secs / total * f64::from(width)) as usize;
        if let Some(column) = columns.get_mut(at) {
            *column = column.max(value(sample));
        }
    }
    // Tenths, so that a sparkline can tell small numbers apart.
    columns.iter().map(|value| (value * 10.0) as u64).collect()
}

fn draw(frame: &mut Frame<'_>, board: &Board) {
    let [head, load, machines, list, activities] = Layout::vertical([
        Constraint::Length(2),
        Constraint::Length(5),
        Constraint::Length(4),
        Constraint::Length(4),
        Constraint::Min(4),
    ])
    .areas(frame.area());
    frame.render_widget(Paragraph::new(headline(board)), head);
    let most = board.most().max(1) as u64 * 10;
    spark(
        frame,
        load,
        "load, requests a second",
        Color::Cyan,
        |width| {
            (
                columns(board, width, |sample| sample.load),
                (PEAK * 11.0) as u64,
            )
        },
    );
    spark(
        frame,
        machines,
        "machines in service",
        Color::Green,
        |width| (columns(board, width, |sample| sample.serving as f64), most),
    );
    let block = Block::bordered().title("machines");
    let lines = machine_lines(&board.machines, block.inner(list).width);
    frame.render_widget(Paragraph::new(lines).block(block), list);
    let block = Block::bordered().title("activities, newest first");
    let lines: Vec<Line<'_>> = board.activities.iter().flat_map(activity_lines).collect();
    frame.render_widget(Paragraph::new(lines).block(block), activities);
}

fn headline(board: &Board) -> Vec<Line<'_>> {
    let now = board.now();
    let failed = match board.failed {
        0 => "0 failed".green(),
        some => format!("{some} failed").red(),
    };
    vec![
        Line::from(vec![
            "muster demo ".bold(),
            Span::raw(format!(
                "{} of {}  {}  load {:.0}/s on {} of {} machines",
                clock(board.elapsed.as_secs()),
                clock(board.total.as_secs()),
                board.phase,
                now.load,
                now.serving,
                now.desired
            )),
        ]),
        Line::from(vec![
            Span::raw(format!("{} answered, ", board.answered)),
            failed,
            Span::raw(format!(
                ", half below {} ms, 99 % below {} ms  http://{}",
                board.latency_millis.0, board.latency_millis.1, board.listener
            )),
        ]),
    ]
}

fn spark(
    frame: &mut Frame<'_>,
    area: Rect,
    title: &str,
    color: Color,
    data: impl Fn(u16) -> (Vec<u64>, u64),
) {
    let block = Block::bordered().title(title);
    let (values, most) = data(block.inner(area).width);
    let line = Sparkline::default().data(values).max(most).style(color);
    frame.render_widget(line.block(block), area);
}

/// The machines, as many to a line as fit.
fn machine_lines(machines: &[Machine], width: u16) -> Vec<Line<'static>> {
    const CELL: usize = 26;
    let per_line = (usize::from(width) / CELL).max(1);
    machines
        .chunks(per_line)
        .map(|chunk| {
            let cells = chunk.iter().map(|machine| {
                let cell = format!(
                    "{:<width$}",
                    format!("{} {}", machine.id, machine.state),
                    width = CELL
                );
                match machine.state.as_str() {
                    "IN_SERVICE" => Span::from(cell).green(),
                    _ => Span::from(cell).yellow(),
                }
            });
            Line::from(cells.collect::<Vec<_>>())
        })
        .collect()
}

fn activity_lines(activity: &Activity) -> [Line<'_>; 2] {
    [
        Line::from(vec![
            Span::from(format!("{:<24}", activity.kind)).bold(),
            Span::raw(activity.status.as_str()),
        ]),
        Line::from(format!("  {}", activity.cause)).dark_gray(),
    ]
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use ratatui::backend::TestBackend;

    use super::super::board::Sample;
    use super::*;

    fn board() -> Board {
        let samples = (0..120).map(|half| {
            let secs = f64::from(half) / 2.0;
            Sample {
                secs,
                load: secs * 2.0,
                serving: 1 + half as usize / 40,
                desired: 4,
            }
        });
        Board {
            elapsed: Duration::from_secs(60),
            total: Duration::from_secs(110),
            phase: "the load rises",
            listener: "127.0.0.1:30000".to_owned(),
            samples: samples.collect(),
            desired: 4,
            machines: (0..4)
                .map(|number| Machine {
                    id: format!("ins-0000000{number}"),
                    state: if number == 3 {
                        "CREATING"
                    } else {
                        "IN_SERVICE"
                    }
                    .to_owned(),
                })
                .collect(),
            activities: vec![Activity {
                kind: "SCALE_OUT".to_owned(),
                status: "RUNNING".to_owned(),
                cause: "the load".to_owned(),
                description: String::new(),
            }],
            answered: 3000,
            failed: 0,
            latency_millis: (21, 48),
        }
    }

    #[test]
    fn it_fits_a_small_terminal() {
        let mut terminal = Terminal::new(TestBackend::new(80, 24)).unwrap();
        terminal.draw(|frame| draw(frame, &board())).unwrap();
        insta::assert_snapshot!(terminal.backend());
        // Nothing to show, and hardly a place to show it.
        for (width, height) in [(80, 24), (10, 3), (1, 1)] {
            let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
            terminal
                .draw(|frame| draw(frame, &Board::default()))
                .unwrap();
        }
    }

    #[test]
    fn a_line_says_it_all() {
        assert_eq!(
            line(&board()),
            "01:00 of 01:50  load 119/s  machines 3 in service, 4 desired  3000 answered, 0 failed, p50 21 ms, p99 48 ms"
        );
    }
}
