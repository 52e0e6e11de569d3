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
/// A line with more points than this is drawn by the least and the most of each of half as many stretches.
const POINTS: usize = 2000;

/// Colours of lines.
pub(crate) const BLUE: RGBColor = RGBColor(0x1f, 0x5f, 0xbf);
pub(crate) const GREEN: RGBColor = RGBColor(0x2e, 0x8b, 0x57);
pub(crate) const RED: RGBColor = RGBColor(0xc0, 0x39, 0x2b);

/// One line. Where it has no value it is broken.
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
        for piece in pieces(&line.points) {
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

/// The unbroken pieces of a line, thinned out.
fn pieces(points: &[(f64, Option<f64>)]) -> Vec<Vec<(f64, f64)>> {
    let width = points.len().div_ceil(POINTS / 2).max(2);
    let thin = points.len() > POINTS;
    points
        .split(|(_, y)| y.is_none())
        .map(|piece| {
            let known: Vec<(f64, f64)> = piece
                .iter()
                .filter_map(|(x, y)| y.map(|y| (*x, y)))
                .collect();
            match thin {
                true => known.chunks(width).flat_map(extremes).collect(),
                false => known,
            }
        })
        .filter(|piece| !piece.is_empty())
        .collect()
}

/// The least and the most of some points, in their order.
fn extremes(points: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let by_value = |a: &&(f64, f64), b: &&(f64, f64)| a.1.total_cmp(&b.1);
    let least = points.iter().min_by(by_value);
    let most = points.iter().max_by(by_value);
    let mut both: Vec<(f64, f64)> = least.into_iter().chain(most).copied().collect();
    both.sort_by(|a, b| a.0.total_cmp(&b.0));
    both.dedup();
    both
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
        assert_eq!(pieces(&points).len(), 2);
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
    fn long_lines_keep_their_extremes() {
        let points: Vec<_> = (0..100_000)
            .map(|i| (f64::from(i), Some(if i == 77_777 { 9.0 } else { 1.0 })))
            .collect();
        let thin = pieces(&points);
        assert!(thin[0].len() <= POINTS && thin[0].contains(&(77_777.0, 9.0)));
    }
}
