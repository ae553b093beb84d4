//! Requests about passkeys: each needs an authenticator, and a question that it answers.

use incamera::server::Route;
use scraper::{Html, Selector};
use serde_json::Value;

use super::principals::Principal;
use super::requests::Made;
use super::stage::Stage;
use crate::support::authenticator::Authenticator;
use crate::support::browser::{Form, fields, form};
use crate::support::world::{PASSWORD, World};
use crate::support::{Client, Reply, Tables};

const NOWHERE: &str = "00000000-0000-4000-8000-00000000dead";
/// Whose passkey is asked for at the door: of somebody whom no bad token names.
const OWNER: &str = "fr2";

/// What the page has the browser ask.
fn options(page: &Reply) -> Value {
    let html = Html::parse_document(&page.text());
    let form = html.select(&Selector::parse("form[data-options]").unwrap()).next();
    let form = form.unwrap_or_else(|| panic!("{} {}", page.status, page.text()));
    serde_json::from_str(form.attr("data-options").unwrap()).unwrap()
}

/// The form of the page with the authenticator's answer.
fn answered(page: &Reply, action: &str, credential: &str, more: &[(&str, &str)]) -> Form {
    let mut filled = fields(page, action);
    filled.retain(|(name, _)| name == "ceremony" || name == "hold");
    filled.extend(form(&[("credential", credential)]));
    filled.extend(form(more));
    filled
}

fn new_one(stage: &Stage, client: &mut Client) -> (Form, Authenticator) {
    let page = client.submit("/me/passkeys/new", &Form::new());
    let mut authenticator = Authenticator::new(&stage.world.server.settings.server.origin);
    let made = authenticator.make(&options(&page));
    (answered(&page, "/me/passkeys", &made, &[("name", "Key ring")]), authenticator)
}

/// Lets the person have one more passkey; answers its id and the authenticator.
fn give(stage: &mut Stage, key: &str) -> (String, Authenticator) {
    let mut client = stage.own(key);
    let (form, authenticator) = new_one(stage, &mut client);
    let reply = client.submit("/me/passkeys", &form);
    assert_eq!(reply.status, 303, "{}", reply.text());
    let query = format!(
        "SELECT id AS word FROM passkeys WHERE person_id = '{}' ORDER BY made_us DESC LIMIT 1",
        stage.world.person(key)
    );
    (Tables::of(&stage.world.server).words(&query).pop().unwrap(), authenticator)
}

pub fn build(stage: &mut Stage, route: &Route, principal: &Principal) -> Made {
    match route.name {
        "page_ask_passkey" | "page_answer_passkey" => {
            if stage.authenticator.is_none() {
                stage.authenticator = Some(give(stage, OWNER).1);
            }
            let asking = form(&[("email", &World::email(OWNER)), ("password", PASSWORD)]);
            if route.name == "page_ask_passkey" {
                return Made { form: Some(asking), ..Made::default() };
            }
            let page = stage.world.server.client().submit("/log-in/passkey", &asking);
            let signed = stage.authenticator.as_mut().unwrap().sign(&options(&page));
            Made { form: Some(answered(&page, "/log-in/passkey/answer", &signed, &[])), ..Made::default() }
        }
        "page_end_passkey" => {
            let id = principal.somebody().map_or_else(|| NOWHERE.to_owned(), |key| give(stage, key).0);
            Made { path: Some(format!("/me/passkeys/{id}/ending")), form: Some(Form::new()), ..Made::default() }
        }
        "page_ask_new_passkey" => Made { form: Some(Form::new()), ..Made::default() },
        _ => {
            let mut client = stage.own(principal.somebody().unwrap_or("fr"));
            Made { form: Some(new_one(stage, &mut client).0), ..Made::default() }
        }
    }
}
