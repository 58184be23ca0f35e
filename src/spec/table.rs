//! A network as a table: for a terminal, as Markdown and as JSON. `alexscope models` and the README print these.

use serde::Serialize;
use serde_json::{Value, json};

use super::{LayerSpec, LayerTrace, ModelSpec, Trace, bytes, grouped, short, zoo};

/// The network and its layers in text, `width` columns wide: one table where it fits, else shapes first and costs below.
pub fn text(model: &ModelSpec, trace: &Trace, width: usize) -> String {
    let rows = rows(model, trace);
    let whole = [SHAPES, SHORT_COSTS].concat();
    let mut text = heading(model, width);
    if Layout::new(&whole, &rows, width).width() <= width {
        text += &plain(&whole, &rows, width);
    } else {
        text += &plain(SHAPES, &rows, width);
        text.push('\n');
        text += &plain(&[&[NAME], COSTS].concat(), &rows, width);
    }
    text.push('\n');
    for note in notes(model) {
        text += &wrapped(&note, width);
    }
    text
}

/// The same as a Markdown table.
pub fn markdown(model: &ModelSpec, trace: &Trace) -> String {
    let columns = [SHAPES, COSTS].concat();
    let line = |cells: Vec<String>| format!("| {} |\n", cells.join(" | "));
    let mut text = line(columns.iter().map(|column| column.title.to_string()).collect());
    text += &line(columns.iter().map(|column| if column.right { "--:" } else { "---" }.to_string()).collect());
    for row in rows(model, trace) {
        text += &line(columns.iter().map(|column| (column.cell)(&row)).collect());
    }
    text
}

/// The same as data.
pub fn json(model: &ModelSpec, trace: &Trace) -> Value {
    #[derive(Serialize)]
    struct Row<'a> {
        summary: String,
        #[serde(flatten)]
        trace: &'a LayerTrace,
    }
    let summary = |layer: &super::Layer| layer.what.summary(model.towers);
    let layers = model.layers.iter().zip(&trace.layers).map(|(layer, trace)| Row { summary: summary(layer), trace });
    json!({
        "name": model.name,
        "title": model.title,
        "about": model.about,
        "input": model.input,
        "classes": model.classes,
        "towers": model.towers,
        "parameters": trace.parameters,
        "multiply_adds": trace.multiply_adds,
        "activation_bytes": trace.activation_bytes,
        "layers": layers.collect::<Vec<_>>(),
    })
}

/// All built-in networks, a line each.
pub fn list() -> String {
    let rows = zoo_rows();
    let widest = |cell: fn(&ZooRow) -> &str| rows.iter().map(|row| cell(row).chars().count()).max().unwrap_or(0);
    let (name, input, parameters) = (widest(|row| &row.name), widest(|row| &row.input), widest(|row| &row.parameters));
    let mut text = format!("{:name$}  {:input$}  {:>parameters$}  what\n", "name", "input", "params");
    for row in &rows {
        text += &format!("{:name$}  {:input$}  {:>parameters$}  {}\n", row.name, row.input, row.parameters, row.title);
    }
    text
}

/// The same as a Markdown table.
pub fn list_markdown() -> String {
    let mut text = String::from("| name | input | parameters | what |\n| --- | --- | --: | --- |\n");
    for row in zoo_rows() {
        text += &format!("| `{}` | {} | {} | {} |\n", row.name, row.input, row.parameters, row.title);
    }
    text
}

/// All built-in networks as data.
pub fn list_json() -> Value {
    zoo_models()
        .map(|(model, trace)| {
            json!({
                "name": model.name, "title": model.title, "input": model.input, "classes": model.classes,
                "parameters": trace.parameters, "multiply_adds": trace.multiply_adds,
            })
        })
        .collect()
}

struct ZooRow {
    name: String,
    input: String,
    parameters: String,
    title: String,
}

fn zoo_rows() -> Vec<ZooRow> {
    zoo_models()
        .map(|(model, trace)| ZooRow {
            input: model.input.map(|side| side.to_string()).join("×"),
            parameters: short(trace.parameters),
            name: model.name,
            title: model.title,
        })
        .collect()
}

/// A test sees to it that every built-in network can be.
fn zoo_models() -> impl Iterator<Item = (ModelSpec, Trace)> {
    zoo::names().filter_map(|name| {
        let model = zoo::load(name).ok()?;
        let trace = model.trace().ok()?;
        Some((model, trace))
    })
}

/// What a row can show.
struct Row<'a> {
    name: &'a str,
    what: String,
    output: String,
    formula: &'a str,
    towers: &'a str,
    parameters: u64,
    multiply_adds: u64,
    activation_bytes: u64,
    /// Absent in the totals.
    receptive_field: Option<u64>,
}

fn rows<'a>(model: &ModelSpec, trace: &'a Trace) -> Vec<Row<'a>> {
    let layer = |(layer, trace): (&super::Layer, &'a LayerTrace)| Row {
        name: &trace.name,
        what: layer.what.summary(model.towers),
        output: trace.output.to_string(),
        formula: &trace.formula,
        towers: trace.towers.as_deref().unwrap_or(""),
        parameters: trace.parameters,
        multiply_adds: trace.multiply_adds,
        activation_bytes: trace.activation_bytes,
        receptive_field: Some(trace.receptive_field),
    };
    let mut rows: Vec<Row> = model.layers.iter().zip(&trace.layers).map(layer).collect();
    rows.push(Row {
        name: "total",
        what: format!("{} layers", trace.layers.len()),
        output: String::new(),
        formula: "",
        towers: "",
        parameters: trace.parameters,
        multiply_adds: trace.multiply_adds,
        activation_bytes: trace.activation_bytes,
        receptive_field: None,
    });
    rows
}

#[derive(Clone, Copy)]
struct Column {
    title: &'static str,
    right: bool,
    cell: fn(&Row) -> String,
}

const fn left(title: &'static str, cell: fn(&Row) -> String) -> Column {
    Column { title, right: false, cell }
}

const fn right(title: &'static str, cell: fn(&Row) -> String) -> Column {
    Column { title, right: true, cell }
}

const NAME: Column = left("layer", |row| row.name.to_string());
const FIELD: Column = right("sees", |row| row.receptive_field.map_or(String::new(), |side| side.to_string()));

const SHAPES: &[Column] = &[
    NAME,
    left("what", |row| row.what.clone()),
    left("output", |row| row.output.clone()),
    left("formula", |row| row.formula.to_string()),
    left("in towers", |row| row.towers.to_string()),
];

const SHORT_COSTS: &[Column] = &[
    right("parameters", |row| exact(row.parameters)),
    right("MACs", |row| if row.multiply_adds == 0 { String::new() } else { short(row.multiply_adds) }),
    right("memory", |row| bytes(row.activation_bytes)),
    FIELD,
];

const COSTS: &[Column] = &[
    right("parameters", |row| exact(row.parameters)),
    right("multiply-adds", |row| exact(row.multiply_adds)),
    right("bytes of activations", |row| grouped(row.activation_bytes)),
    FIELD,
];

/// Nothing for nothing: most rows have neither parameters nor multiply-adds.
fn exact(n: u64) -> String {
    if n == 0 { String::new() } else { grouped(n) }
}

/// The columns that say anything, how wide each is, and the space between two.
struct Layout {
    columns: Vec<(Column, usize)>,
    gap: usize,
}

impl Layout {
    /// Two spaces between columns where there is room, else one.
    fn new(columns: &[Column], rows: &[Row], room: usize) -> Layout {
        let longest = |column: &Column| rows.iter().map(|row| (column.cell)(row).chars().count()).max().unwrap_or(0);
        let wide = |column: &Column| (*column, longest(column).max(column.title.chars().count()));
        let columns = columns.iter().filter(|column| longest(column) > 0).map(wide).collect();
        let wide = Layout { columns, gap: 2 };
        if wide.width() <= room { wide } else { Layout { gap: 1, ..wide } }
    }

    fn width(&self) -> usize {
        let cells: usize = self.columns.iter().map(|(_, width)| width).sum();
        cells + self.gap * self.columns.len().saturating_sub(1)
    }

    fn line(&self, cell: impl Fn(&Column) -> String) -> String {
        let padded = self.columns.iter().map(|(column, width)| {
            let (text, width) = (cell(column), *width);
            if column.right { format!("{text:>width$}") } else { format!("{text:width$}") }
        });
        padded.collect::<Vec<_>>().join(&" ".repeat(self.gap)).trim_end().to_string() + "\n"
    }

    fn rule(&self) -> String {
        let dashes = self.columns.iter().map(|(_, width)| "─".repeat(*width));
        dashes.collect::<Vec<_>>().join(&" ".repeat(self.gap)) + "\n"
    }
}

fn plain(columns: &[Column], rows: &[Row], room: usize) -> String {
    let layout = Layout::new(columns, rows, room);
    let mut text = layout.line(|column| column.title.to_string()) + &layout.rule();
    for (i, row) in rows.iter().enumerate() {
        if i + 1 == rows.len() {
            text += &layout.rule();
        }
        text += &layout.line(|column| (column.cell)(row));
    }
    text
}

fn heading(model: &ModelSpec, width: usize) -> String {
    let input = model.input.map(|side| side.to_string()).join("×");
    let mut text = wrapped(&format!("{}: {}", model.name, model.title), width);
    if !model.about.is_empty() {
        text += &wrapped(&model.about.replace('\n', " "), width);
    }
    let towers = if model.towers > 1 { format!(", {} towers", model.towers) } else { String::new() };
    text + &format!("input {input}, {} classes{towers}\n\n", model.classes)
}

/// What the columns mean, and what other programs call LRN's constants.
fn notes(model: &ModelSpec) -> Vec<String> {
    let mut notes = vec![
        "MACs are the multiply-adds of a forward pass over one picture (convolution and dense layers); memory is a layer's output \
         for one picture in f32; sees is the side of the receptive field in pixels, padding included."
            .to_string(),
    ];
    let lrn = model.layers.iter().find_map(|layer| match layer.what {
        LayerSpec::Lrn { n, k, alpha, beta } => Some((n, k, alpha, beta)),
        _ => None,
    });
    if let Some((n, k, alpha, beta)) = lrn {
        let elsewhere = lrn_elsewhere(n, k, alpha).join("; in ");
        notes.push(format!(
            "LRN: b = a / (k + α Σ a²)^β with n = {n}, k = {k}, α = {alpha:e}, β = {beta}. The same in {elsewhere}."
        ));
    }
    notes
}

/// What other programs call the same LRN: some divide α by the window, and one fixes k.
pub fn lrn_elsewhere(n: usize, k: f64, alpha: f64) -> [String; 3] {
    let divided = shortest(alpha * n as f64);
    let only_one = if k == 1.0 { "" } else { " (its k is always 1)" };
    [
        format!("Caffe, PyTorch, ONNX: size = {n}, alpha = {divided:e}"),
        format!("TensorFlow: depth_radius = {}, bias = {k}, alpha = {alpha:e}", n / 2),
        format!("PaddlePaddle v2: size = {n}, scale = {divided:e}{only_one}"),
    ]
}

/// Without the last bits' noise of a product: 5e-4, not 5.0000000000000001e-4.
fn shortest(value: f64) -> f64 {
    format!("{value:.6e}").parse().unwrap_or(value)
}

/// Breaks lines between words.
fn wrapped(text: &str, width: usize) -> String {
    let mut lines = String::new();
    let mut used = 0;
    for word in text.split_whitespace() {
        let length = word.chars().count();
        if used > 0 && used + 1 + length > width {
            lines.push('\n');
            used = 0;
        } else if used > 0 {
            lines.push(' ');
            used += 1;
        }
        lines += word;
        used += length;
    }
    lines + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tabled(name: &str, width: usize) -> String {
        let model = zoo::load(name).unwrap();
        text(&model, &model.trace().unwrap(), width)
    }

    #[test]
    fn alexnet_at_120_columns() {
        insta::assert_snapshot!(tabled("alexnet", 120));
    }

    #[test]
    fn alexnet_at_80_columns() {
        insta::assert_snapshot!(tabled("alexnet", 80));
    }

    #[test]
    fn the_list_of_networks() {
        insta::assert_snapshot!(list());
    }

    #[test]
    fn no_table_is_wider_than_asked_for() {
        for name in zoo::names() {
            for width in [80, 120] {
                for line in tabled(name, width).lines() {
                    assert!(line.chars().count() <= width, "{name} at {width}: {line}");
                }
            }
        }
    }

    #[test]
    fn json_says_what_the_issue_asks_for() {
        let model = zoo::load("alexnet").unwrap();
        let json = json(&model, &model.trace().unwrap());
        assert_eq!(json["input"], json!([3, 227, 227]));
        assert_eq!(json["parameters"], 56_909_194);
        let conv1 = &json["layers"][0];
        assert_eq!([&conv1["name"], &conv1["kind"]], ["conv1", "conv2d"]);
        assert_eq!(conv1["output"], json!([96, 55, 55]));
        assert_eq!(conv1["formula"], "⌊(227 − 11 + 2·0)/4⌋ + 1 = 55");
        let figures = ["parameters", "multiply_adds", "activation_bytes", "receptive_field"].map(|key| conv1[key].as_u64());
        assert_eq!(figures, [Some(34_944), Some(105_415_200), Some(1_161_600), Some(11)]);
        assert_eq!(list_json().as_array().map(Vec::len), Some(8));
    }

    #[test]
    fn markdown_has_a_line_a_layer_and_a_total() {
        let model = zoo::load("lenet5").unwrap();
        let text = markdown(&model, &model.trace().unwrap());
        assert_eq!(text.lines().count(), 2 + model.layers.len() + 1);
        assert!(text.contains("| conv1 | conv 5×5 | 6×28×28 | ⌊(32 − 5 + 2·0)/1⌋ + 1 = 28 |"), "{text}");
    }
}
