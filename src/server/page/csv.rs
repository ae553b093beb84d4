//! Tables to be saved and opened in a spreadsheet.

use super::Shell;
use crate::error::AppError;
use crate::server::answer::{Answer, List};

/// Most lines of a table that is saved.
pub const MOST: i64 = 10_000;

/// What a spreadsheet takes for the beginning of a formula, and would run: such a cell gets an apostrophe in
/// front, which the spreadsheet takes for the mark of a text.
const FORMULA: [char; 6] = ['=', '+', '-', '@', '\t', '\r'];

fn cell(text: String) -> String {
    if text.starts_with(FORMULA) { format!("'{text}") } else { text }
}

/// The answer that is a list as a table, under a head of these keys. A list that goes on says so in its last
/// line: a table that ends before its time must not pass for the whole.
///
/// # Errors
/// When a row has not as many cells as the head: a defect.
pub fn answer<T>(
    shell: &Shell,
    file_name: &str,
    head: &[&str],
    list: List<T>,
    row: impl FnMut(T) -> Vec<String>,
) -> Result<Answer, AppError> {
    let head: Vec<String> = head.iter().map(|key| shell.t(key)).collect();
    let cut = list.next.map(|_| {
        let mut notice = vec![shell.t("table-cut")];
        notice.resize(head.len(), String::new());
        notice
    });
    Answer::csv(file_name, table(&head, list.items.into_iter().map(row).chain(cut))?)
}

/// A table with a head, as RFC 4180 has it.
fn table(head: &[String], rows: impl IntoIterator<Item = Vec<String>>) -> Result<String, AppError> {
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
    fn a_table_that_was_cut_says_so() {
        use crate::server::page::{Form, Say};
        let shell = Shell::new(Say::to(Some("en"), None, None, ("en", "UTC")), None, "/".into(), None, Form::default());
        let saved = |next: Option<&str>| {
            let list = List { items: vec!["a"], next: next.map(ToOwned::to_owned) };
            let row = |one: &str| vec![one.to_owned(), String::new()];
            answer(&shell, "a.csv", &["name", "party"], list, row).unwrap().into_body()
        };
        let (whole, cut) = (saved(None), saved(Some("more")));
        assert_eq!(String::from_utf8(whole.clone()).unwrap().lines().count(), 2);
        let rest = cut.strip_prefix(whole.as_slice()).map(|rest| String::from_utf8(rest.to_vec()).unwrap()).unwrap();
        assert!(rest.contains(&shell.t("table-cut")) && rest.lines().count() == 1, "{rest}");
    }

    #[test]
    fn a_row_of_another_length_is_a_defect() {
        assert!(table(&["a".to_owned()], [vec!["1".to_owned(), "2".to_owned()]]).is_err());
    }
}
