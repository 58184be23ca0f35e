//! A chart as data: what the terminal and the exported picture both draw.
