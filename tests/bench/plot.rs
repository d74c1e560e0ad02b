//! Draws a curve of `cargo xtask bench spawn`. `plot FILE` reads the curve as JSON from its standard input, and writes it to
//! FILE as SVG.
//!
//! A program of its own, so that no build of xtask needs the crates that draw.

use std::{env, error::Error, io};

use plotters::prelude::*;
use serde_json::Value;

fn main() -> Result<(), Box<dyn Error>> {
    let path = env::args().nth(1).ok_or("usage: plot FILE")?;
    let curve: Value = serde_json::from_reader(io::stdin())?;
    let text = |value: &Value| String::from(value.as_str().unwrap_or_default());
    let points = curve["points"].as_array().ok_or("no points")?;
    let points: Vec<String> = points.iter().map(text).collect();
    let lines = curve["lines"].as_array().ok_or("no lines")?;
    let lines: Vec<(String, Vec<f64>)> = lines
        .iter()
        .map(|line| {
            let values = line["values"].as_array().into_iter().flatten();
            (
                text(&line["name"]),
                values.filter_map(Value::as_f64).collect(),
            )
        })
        .collect();
    let title = text(&curve["title"]);

    let all = || lines.iter().flat_map(|(_, values)| values).copied();
    let (low, high) = (
        all().fold(f64::INFINITY, f64::min),
        all().fold(0.0, f64::max),
    );
    let area = SVGBackend::new(&path, (1000, 700)).into_drawing_area();
    area.fill(&WHITE)?;
    let mut chart = ChartBuilder::on(&area)
        .caption(
            format!("A start and a wait, with {title}"),
            ("sans-serif", 22),
        )
        .margin(15)
        .x_label_area_size(45)
        .y_label_area_size(75)
        .right_y_label_area_size(150)
        .build_cartesian_2d(
            0..points.len() as i32 - 1,
            (low / 1.2..high * 1.2).log_scale(),
        )?;
    chart
        .configure_mesh()
        .x_labels(points.len())
        .x_label_formatter(&|&at| points.get(at as usize).cloned().unwrap_or_default())
        .x_desc(title)
        .y_desc(text(&curve["unit"]))
        .draw()?;
    for (number, (name, values)) in lines.iter().enumerate() {
        let style = Palette99::pick(number).stroke_width(2);
        let values = (0..).zip(values.iter().copied());
        chart
            .draw_series(LineSeries::new(values, style))?
            .label(name)
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 20, y)], style));
    }
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::UpperLeft)
        .background_style(WHITE.mix(0.8))
        .border_style(BLACK)
        .draw()?;
    area.present()?;
    Ok(())
}
