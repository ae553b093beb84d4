//! Tables to be saved and opened in a spreadsheet.

use crate::error::AppError;

/// What a spreadsheet takes for the beginning of a formula, and would run: such a cell gets an apostrophe in
/// front, which the spreadsheet takes for the mark of a text.
const FORMULA: [char; 6] = ['=', '+', '-', '@', '\t', '\r'];

fn cell(text: String) -> String {
    if text.starts_with(FORMULA) { format!("'{text}") } else { text }
}

/// A table with a head, as RFC 4180 has it.
///
/// # Errors
/// When a row has not as many cells as the head: a defect.
pub fn table(head: &[String], rows: impl IntoIterator<Item = Vec<String>>) -> Result<String, AppError> {
    let mut table = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
    table.write_record(head.iter().cloned().map(cell)).map_err(AppError::internal)?;
    for row in rows {
        table.write_record(row.into_iter().map(cell)).map_err(AppError::internal)?;
    }
    let bytes = table.into_inner().map_err(|error| AppError::internal(error.to_string()))?;
    String::from_utf8(bytes).map_err(AppError::internal)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_is_never_a_formula() {
        let row = |cells: &[&str]| cells.iter().map(|one| (*one).to_owned()).collect::<Vec<_>>();
        let made = table(
            &row(&["a", "b", "c"]),
            [row(&["=1+1", "+2", "-3"]), row(&["@x", "\ty", "\rz"]), row(&["a=1", "say \"no\", twice", "two\nlines"])],
        )
        .unwrap();
        assert_eq!(
            made,
            "a,b,c\r\n'=1+1,'+2,'-3\r\n'@x,'\ty,\"'\rz\"\r\na=1,\"say \"\"no\"\", twice\",\"two\nlines\"\r\n"
        );
    }

    #[test]
    fn a_row_of_another_length_is_a_defect() {
        assert!(table(&["a".to_owned()], [vec!["1".to_owned(), "2".to_owned()]]).is_err());
    }
}
