//! Plots as SVG: panels of lines over one stretch of time.

use jiff::Timestamp;
use muster_model::Time;
use plotters::prelude::{
    BLACK, ChartBuilder, IntoDrawingArea, IntoFont, LineSeries, PathElement, RGBColor, SVGBackend,
    WHITE,
};
use plotters::series::AreaSeries;
use plotters::style::Color;

const WIDTH: u32 = 1000;
const PANEL: u32 = 280;
const HEAD: u32 = 36;
/// Of the points that fall into one of so many columns only the first, the least, the most and the last are drawn.
const COLUMNS: f64 = 1000.0;

/// Colours of lines that can be told apart.
pub(crate) const BLUE: RGBColor = RGBColor(31, 119, 180);
pub(crate) const GREEN: RGBColor = RGBColor(44, 160, 44);
pub(crate) const ORANGE: RGBColor = RGBColor(255, 127, 14);
pub(crate) const RED: RGBColor = RGBColor(214, 39, 40);

/// One line of steps: a value holds until the next point. Where it has none the line is broken.
pub(crate) struct Line {
    pub(crate) name: &'static str,
    pub(crate) colour: RGBColor,
    /// The area under it is filled instead.
    pub(crate) filled: bool,
    /// Seconds since the start, and the value.
    pub(crate) points: Vec<(f64, Option<f64>)>,
}

/// Lines over one another.
pub(crate) struct Panel {
    pub(crate) title: String,
    pub(crate) lines: Vec<Line>,
}

/// What is written under the horizontal axis.
#[derive(Clone, Copy)]
pub(crate) enum Axis {
    /// Dates, for a start at this moment.
    Dates(Time),
    /// Seconds since the start.
    Seconds,
}

impl Axis {
    fn label(self, secs: f64) -> String {
        match self {
            Axis::Seconds => format!("{secs:.0} s"),
            Axis::Dates(start) => {
                let at = start.plus_millis((secs * 1000.0) as i64);
                let text = Timestamp::from_millisecond(at.0).map(|at| at.to_string());
                // `2014-04-10T00:04:00Z`: day and minute are enough.
                text.map_or(String::new(), |text| {
                    text.get(5..16).unwrap_or_default().replace('T', " ")
                })
            }
        }
    }
}

/// Draws panels one under the other.
///
/// # Errors
/// The library does not draw it: why.
pub(crate) fn svg(title: &str, axis: Axis, panels: &[Panel]) -> Result<String, String> {
    let mut text = String::new();
    let height = HEAD + PANEL * u32::try_from(panels.len()).unwrap_or(1);
    {
        let root = SVGBackend::with_string(&mut text, (WIDTH, height)).into_drawing_area();
        let failed = |error: &dyn std::fmt::Display| format!("the plot: {error}");
        root.fill(&WHITE).map_err(|error| failed(&error))?;
        let root = root
            .titled(title, ("sans-serif", 18).into_font())
            .map_err(|error| failed(&error))?;
        for (area, panel) in root.split_evenly((panels.len(), 1)).iter().zip(panels) {
            draw(area, axis, panel).map_err(|error| failed(&error))?;
        }
        root.present().map_err(|error| failed(&error))?;
    }
    Ok(named(&text, title))
}

type Area<'a> = plotters::drawing::DrawingArea<SVGBackend<'a>, plotters::coord::Shift>;
type Drawn<'a> = Result<
    (),
    plotters::drawing::DrawingAreaErrorKind<
        <SVGBackend<'a> as plotters::backend::DrawingBackend>::ErrorType,
    >,
>;

fn draw<'a>(area: &Area<'a>, axis: Axis, panel: &Panel) -> Drawn<'a> {
    let points = || panel.lines.iter().flat_map(|line| &line.points);
    let last = points().map(|(x, _)| *x).fold(1.0, f64::max);
    let most = points().filter_map(|(_, y)| *y).fold(0.0, f64::max);
    let top = if most > 0.0 { most * 1.05 } else { 1.0 };
    let mut chart = ChartBuilder::on(area)
        .caption(&panel.title, ("sans-serif", 14))
        .margin(8)
        .x_label_area_size(24)
        .y_label_area_size(64)
        .build_cartesian_2d(0.0..last, 0.0..top)?;
    chart
        .configure_mesh()
        .x_labels(10)
        .y_labels(6)
        .light_line_style(WHITE)
        .x_label_formatter(&|x| axis.label(*x))
        .draw()?;
    for line in &panel.lines {
        let (colour, mut name) = (line.colour, Some(line.name));
        for piece in pieces(&line.points, last) {
            let drawn = match line.filled {
                true => {
                    let area = AreaSeries::new(piece, 0.0, colour.mix(0.35));
                    chart.draw_series(area)?
                }
                false => chart.draw_series(LineSeries::new(piece, colour.stroke_width(1)))?,
            };
            if let Some(name) = name.take() {
                drawn.label(name).legend(move |(x, y)| {
                    PathElement::new(vec![(x, y), (x + 16, y)], colour.stroke_width(3))
                });
            }
        }
    }
    chart
        .configure_series_labels()
        .background_style(WHITE.mix(0.8))
        .border_style(BLACK.mix(0.3))
        .position(plotters::chart::SeriesLabelPosition::UpperRight)
        .draw()
}

/// The unbroken pieces of a line, with the corners of its steps, thinned out. `last`: the end of the axis.
fn pieces(points: &[(f64, Option<f64>)], last: f64) -> Vec<Vec<(f64, f64)>> {
    let mut all: Vec<Vec<(f64, f64)>> = vec![Vec::new()];
    for (at, (x, y)) in points.iter().enumerate() {
        let Some(y) = y else {
            all.push(Vec::new());
            continue;
        };
        let until = points.get(at + 1).map_or(*x, |next| next.0);
        if let Some(piece) = all.last_mut() {
            piece.extend([(*x, *y), (until, *y)]);
        }
    }
    all.retain(|piece| !piece.is_empty());
    all.iter().map(|piece| thinned(piece, last)).collect()
}

/// The first, the least, the most and the last point in each column, in their order.
fn thinned(piece: &[(f64, f64)], last: f64) -> Vec<(f64, f64)> {
    let column = |point: &(f64, f64)| (point.0 / last * COLUMNS).floor();
    let of_column = |within: &[(f64, f64)]| {
        let places = || 0..within.len();
        let least = places().min_by(|a, b| within[*a].1.total_cmp(&within[*b].1));
        let most = places().max_by(|a, b| within[*a].1.total_cmp(&within[*b].1));
        let ends = [0, within.len() - 1];
        let mut kept: Vec<usize> = ends.into_iter().chain(least).chain(most).collect();
        kept.sort_unstable();
        kept.dedup();
        kept.into_iter()
            .map(|place| within[place])
            .collect::<Vec<_>>()
    };
    piece
        .chunk_by(|a, b| column(a) == column(b))
        .flat_map(of_column)
        .collect()
}

/// Gives the picture a name for those who do not see it.
fn named(svg: &str, title: &str) -> String {
    let escaped = title
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;");
    let named = svg.replacen("<svg ", "<svg role=\"img\" aria-labelledby=\"title\" ", 1);
    match named.split_once('>') {
        Some((head, rest)) => format!("{head}>\n<title id=\"title\">{escaped}</title>{rest}\n"),
        None => named,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(points: Vec<(f64, Option<f64>)>) -> Line {
        Line {
            name: "load",
            colour: BLACK,
            filled: false,
            points,
        }
    }

    #[test]
    fn a_plot_is_named_and_broken_where_nothing_is_known() {
        let points = vec![
            (0.0, Some(1.0)),
            (1.0, Some(2.0)),
            (2.0, None),
            (3.0, Some(1.0)),
        ];
        let first = vec![(0.0, 1.0), (1.0, 1.0), (1.0, 2.0), (2.0, 2.0)];
        let second = vec![(3.0, 1.0), (3.0, 1.0)];
        assert_eq!(pieces(&points, 3.0), [first, second]);
        let panel = Panel {
            title: "one".to_owned(),
            lines: vec![line(points)],
        };
        let text = svg("a < b", Axis::Seconds, &[panel]).unwrap();
        assert!(
            text.starts_with("<svg role=\"img\" aria-labelledby=\"title\" "),
            "{text}"
        );
        assert!(
            text.contains("<title id=\"title\">a &lt; b</title>"),
            "{text}"
        );
        assert!(text.contains("3 s"), "{text}");
    }

    #[test]
    fn long_lines_keep_their_extremes_and_their_ends() {
        let value = |i| match i {
            77_777 => 9.0,
            99_999 => 3.0,
            _ => 1.0,
        };
        let points: Vec<_> = (0..100_000)
            .map(|i| (f64::from(i), Some(value(i))))
            .collect();
        let thin = pieces(&points, 99_999.0);
        assert!(thin[0].len() <= 4 * 1001, "{}", thin[0].len());
        assert!(thin[0].iter().any(|point| point.1 == 9.0));
        assert_eq!(thin[0].last(), Some(&(99_999.0, 3.0)));
    }
}
