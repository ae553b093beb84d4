//! Curves as an SVG drawing, for docs/PERFORMANCE.md. Both axes are logarithmic: what doubles with what doubles is a slope.

use std::fmt::Write;

/// A curve: what it is of, and its points.
pub struct Curve {
    pub name: String,
    /// Those of one have a colour.
    pub database: &'static str,
    /// Those of one number have the same dashes.
    pub kind: usize,
    pub points: Vec<(f64, f64)>,
}

const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 360.0;
const LEFT: f64 = 80.0;
const RIGHT: f64 = WIDTH - 205.0;
const TOP: f64 = 40.0;
const BOTTOM: f64 = HEIGHT - 50.0;
const COLOURS: [&str; 2] = ["#1a4b8c", "#a3341f"];
/// Told apart by their dashes, too: not everyone sees colours, nor does every printer.
const DASHES: [&str; 4] = ["", "7 4", "9 3 2 3", "2 4"];

/// A drawing of these curves over these places of the horizontal axis.
pub fn draw(title: &str, across: &str, places: &[f64], curves: &[Curve]) -> String {
    let heights: Vec<f64> = curves.iter().flat_map(|curve| curve.points.iter().map(|(_, y)| *y)).collect();
    let least = 10_f64.powf(heights.iter().copied().fold(f64::INFINITY, f64::min).log10().floor());
    let most = 10_f64.powf(heights.iter().copied().fold(0.0, f64::max).log10().ceil());
    let (first, last) = (places[0], places[places.len() - 1]);
    let x = |at: f64| LEFT + (at / first).log10() / (last / first).log10() * (RIGHT - LEFT);
    let y = |at: f64| BOTTOM - (at / least).log10() / (most / least).log10() * (BOTTOM - TOP);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" font-family=\"sans-serif\" font-size=\"13\">\n\
         <rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n<text x=\"{LEFT}\" y=\"22\" font-size=\"15\">{title}</text>\n"
    );
    let mut mark = least;
    while mark <= most * 1.01 {
        let at = y(mark);
        writeln!(svg, "<path d=\"M{LEFT} {at:.0}H{RIGHT}\" stroke=\"#ccc\"/><text x=\"{:.0}\" y=\"{:.0}\" text-anchor=\"end\">{mark}</text>", LEFT - 8.0, at + 4.0).unwrap();
        mark *= 10.0;
    }
    for place in places {
        writeln!(svg, "<text x=\"{:.0}\" y=\"{:.0}\" text-anchor=\"middle\">{place}</text>", x(*place), BOTTOM + 20.0)
            .unwrap();
    }
    writeln!(
        svg,
        "<text x=\"{:.0}\" y=\"{:.0}\" text-anchor=\"middle\">{across}</text>",
        (LEFT + RIGHT) / 2.0,
        BOTTOM + 40.0
    )
    .unwrap();
    // Names stand where their curves end, one below the other.
    let mut ends: Vec<(f64, usize)> =
        curves.iter().enumerate().map(|(number, curve)| (y(curve.points[curve.points.len() - 1].1), number)).collect();
    ends.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut lowest = f64::NEG_INFINITY;
    for (end, number) in ends {
        let Curve { name, database, kind, .. } = &curves[number];
        let (colour, dashes) = (COLOURS[usize::from(*database != curves[0].database)], DASHES[*kind]);
        let path: Vec<String> =
            curves[number].points.iter().map(|(px, py)| format!("{:.1} {:.1}", x(*px), y(*py))).collect();
        lowest = end.max(lowest + 15.0);
        writeln!(svg, "<path d=\"M{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\" stroke-dasharray=\"{dashes}\"/><text x=\"{:.0}\" y=\"{:.0}\" fill=\"{colour}\">{name}, {database}</text>", path.join("L"), RIGHT + 8.0, lowest + 4.0).unwrap();
    }
    svg + "</svg>\n"
}
