//! A report as data: sections of words, tables and charts; written as one HTML file and as Markdown.

use crate::chart::ChartModel;
use crate::export::{self, Ground, chart};
use crate::table::{Table, escaped};

pub struct Page {
    pub title: String,
    /// What it is about, in a sentence.
    pub lead: String,
    pub sections: Vec<Section>,
}

pub struct Section {
    pub title: String,
    pub parts: Vec<Part>,
}

pub enum Part {
    Words(String),
    /// Set as it is typed, such as a command.
    Verbatim(String),
    Table(Table),
    Chart {
        name: String,
        model: Box<ChartModel>,
    },
}

impl Section {
    pub fn new(title: &str) -> Section {
        Section { title: title.into(), parts: Vec::new() }
    }

    pub fn words(mut self, words: impl Into<String>) -> Section {
        self.parts.push(Part::Words(words.into()));
        self
    }

    pub fn verbatim(mut self, text: impl Into<String>) -> Section {
        self.parts.push(Part::Verbatim(text.into()));
        self
    }

    /// A table without rows is left out.
    pub fn table(mut self, table: Table) -> Section {
        if !table.rows.is_empty() {
            self.parts.push(Part::Table(table));
        }
        self
    }

    /// A chart without anything to see is left out.
    pub fn chart(mut self, name: impl Into<String>, model: ChartModel) -> Section {
        if !model.is_empty() {
            self.parts.push(Part::Chart { name: name.into(), model: Box::new(model) });
        }
        self
    }
}

/// Pixels of a chart: as wide as the page's text.
const CHART: (u32, u32) = (912, 480);
/// How the page looks, on a screen and printed.
const STYLE: &str = include_str!("style.css");

impl Page {
    /// Everything in one file, charts as SVG within it; it asks for nothing from anywhere.
    pub fn html(&self) -> export::Result<String> {
        let mut body = format!("<h1>{}</h1>\n<p class=\"lead\">{}</p>\n", escaped(&self.title), escaped(&self.lead));
        for section in self.sections.iter().filter(|section| !section.parts.is_empty()) {
            body += &format!("<section>\n<h2>{}</h2>\n", escaped(&section.title));
            for part in &section.parts {
                body += &match part {
                    Part::Words(words) => format!("<p>{}</p>\n", escaped(words)),
                    Part::Verbatim(text) => format!("<pre>{}</pre>\n", escaped(text)),
                    Part::Table(table) => table.html(),
                    Part::Chart { name, model } => {
                        let svg = chart::svg_of_size(model, Ground::LIGHT, CHART)?;
                        format!("<figure id=\"{}\">\n{}\n</figure>\n", escaped(name), within_html(&svg))
                    }
                };
            }
            body += "</section>\n";
        }
        Ok(format!(
            "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <title>{}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n{body}</body>\n</html>\n",
            escaped(&self.title)
        ))
    }

    /// The charts stand beside it as `NAME.png`.
    pub fn markdown(&self) -> String {
        let mut text = format!("# {}\n\n{}\n", self.title, self.lead);
        for section in self.sections.iter().filter(|section| !section.parts.is_empty()) {
            text += &format!("\n## {}\n", section.title);
            for part in &section.parts {
                text += &match part {
                    Part::Words(words) => format!("\n{words}\n"),
                    Part::Verbatim(verbatim) => {
                        let lines: Vec<String> = verbatim.lines().map(|line| format!("    {line}")).collect();
                        format!("\n{}\n", lines.join("\n"))
                    }
                    Part::Table(table) => format!("\n{}", table.markdown()),
                    Part::Chart { name, model } => format!("\n![{}]({name}.png)\n", model.title),
                };
            }
        }
        text
    }

    pub fn charts(&self) -> impl Iterator<Item = (&str, &ChartModel)> {
        let parts = self.sections.iter().flat_map(|section| &section.parts);
        parts.filter_map(|part| match part {
            Part::Chart { name, model } => Some((&name[..], &**model)),
            _ => None,
        })
    }
}

/// An SVG without what only a file of its own begins with.
fn within_html(svg: &str) -> &str {
    svg.find("<svg").map_or(svg, |start| &svg[start..]).trim_end()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page() -> Page {
        let mut table = Table::new(&["a", "b"]);
        table.push(vec!["x".into(), "1".into()]);
        let section = Section::new("First & last").words("2 < 3").verbatim("alexscope\nreport").table(table);
        Page { title: "T".into(), lead: "L".into(), sections: vec![section, Section::new("empty")] }
    }

    #[test]
    fn words_are_escaped_in_html_and_an_empty_section_is_left_out() {
        let html = page().html().unwrap();
        assert!(html.contains("<h2>First &amp; last</h2>\n<p>2 &lt; 3</p>\n<pre>alexscope\nreport</pre>\n<table>"), "{html}");
        assert!(!html.contains("empty") && !html.contains("http"), "{html}");
    }

    #[test]
    fn markdown_has_the_same_sections() {
        let expected =
            "# T\n\nL\n\n## First & last\n\n2 < 3\n\n    alexscope\n    report\n\n| a | b |\n| --- | --: |\n| x | 1 |\n";
        assert_eq!(page().markdown(), expected);
    }
}
