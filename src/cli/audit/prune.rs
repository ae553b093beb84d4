//! `incamera audit prune`

use super::super::{CliError, ctx, open_database, progress, say};
use crate::audit::prune::{self, Line, Plan};
use crate::context::Moment;
use crate::settings::Settings;

pub(super) fn run(settings: &Settings, dry_run: bool, at: Option<&str>) -> Result<(), CliError> {
    let now = match at {
        None => ctx().now,
        Some(text) => Moment::parse(text).ok_or_else(|| CliError::Other("--at: not a date or time".into()))?,
    };
    // First, since it refuses a database that lacks a migration.
    let db = open_database(settings)?;
    let mut conn = settings.database_url()?.open_writer()?;
    let bar = progress(0, "looking at entry");
    let plan = prune::plan(&mut conn, &settings.retention, settings.audit.sign, now, &mut |seq| {
        bar.set_position(u64::try_from(seq).unwrap_or_default());
    })?;
    bar.finish_and_clear();
    tell(&plan)?;
    if !plan.changed.is_empty() {
        plan.changed.iter().try_for_each(say)?;
        return Err(CliError::Found("by what was changed past the server, nothing is erased".into()));
    }
    if dry_run {
        return say(format!("{} entries would be erased. Nothing was changed.", plan.count()));
    }
    let bar = progress(plan.count(), "erasing");
    let pruned = prune::prune(&db, &plan, &mut |done| bar.set_position(u64::try_from(done).unwrap_or_default()));
    bar.finish_and_clear();
    let pruned = pruned?;
    say(format!("{} entries were erased.", pruned.erased))?;
    if pruned.erased > 0 && !prune::settle(&mut conn)? {
        say("The database is in use: what was erased may stay in its write-ahead log until the server is restarted.")?;
    }
    for one in &pruned.refused {
        say(format!("not erased: {one}"))?;
    }
    match pruned.refused.len() {
        0 => Ok(()),
        some => Err(CliError::Found(format!(
            "{some} times something is not as the log says; see `incamera audit verify --deep`"
        ))),
    }
}

/// By authority and year, and by hold.
fn tell(plan: &Plan) -> Result<(), CliError> {
    for (Line { authority, rule, year }, counts) in &plan.lines {
        let held = if counts.held > 0 { format!(", {} held", counts.held) } else { String::new() };
        let authority = authority.as_deref().unwrap_or("the host");
        say(format!("{authority} ({rule}), made in {year}: {} due{held}", counts.due))?;
    }
    for (hold, count) in plan.holds.iter().filter(|(_, count)| *count > 0) {
        say(format!("hold {} keeps {count}: {}", hold.id, hold.reason))?;
    }
    Ok(())
}
