//! Tables to be saved and opened in a spreadsheet.

use csv::{Terminator, WriterBuilder};

use crate::error::AppError;

/// Tells spreadsheets that the text is UTF-8: without it, some take it for what their country used before.
const MARK: char = '\u{feff}';

/// A table as CSV (RFC 4180), no cell of which a spreadsheet takes for a formula.
///
/// # Errors
/// When rows differ in length: a defect.
pub fn table(head: Vec<String>, rows: impl IntoIterator<Item = Vec<String>>) -> Result<String, AppError> {
    let mut writer = WriterBuilder::new().terminator(Terminator::CRLF).from_writer(Vec::new());
    for row in std::iter::once(head).chain(rows) {
        writer.write_record(row.into_iter().map(inert)).map_err(AppError::internal)?;
    }
    let bytes = writer.into_inner().map_err(|error| AppError::internal(error.to_string()))?;
    Ok(format!("{MARK}{}", String::from_utf8(bytes).map_err(AppError::internal)?))
}

/// A cell that would be taken for a formula gets an apostrophe before it: what somebody typed here must not
/// run on the machine of whoever opens the table.
fn inert(cell: String) -> String {
    if cell.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{cell}") } else { cell }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_is_a_formula() {
        let cells = ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx", "a,\"b\"", "é"].map(str::to_owned).to_vec();
        let text = table(vec!["a".into(); 8], [cells]).unwrap();
        assert_eq!(
            text,
            "\u{feff}a,a,a,a,a,a,a,a\r\n'=1+1,'+1,'-1,'@SUM(A1),'\tx,\"'\rx\",\"a,\"\"b\"\"\",é\r\n"
        );
        assert!(table(vec!["a".into()], [vec![]]).is_err());
    }
}
