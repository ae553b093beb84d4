//! What pages load beside themselves: one stylesheet, one icon, and on two pages one script. Their addresses
//! change with their contents, so browsers keep them for good.

use std::sync::LazyLock;

use actix_web::http::Method;
use sha2::{Digest, Sha256};

use crate::error::Fault;
use crate::server::{Access, Answer, Gives, Logs, Route, Takes, handler};

const STYLE: &str = include_str!("../../../assets/style.css");
const SCRIPT: &str = include_str!("../../../assets/passkey.js");
const ICON: &str = include_str!("../../../assets/icon.svg");

static STYLE_PATH: LazyLock<String> = LazyLock::new(|| path(STYLE, "css"));
static SCRIPT_PATH: LazyLock<String> = LazyLock::new(|| path(SCRIPT, "js"));

fn path(text: &str, ending: &str) -> String {
    let short: Vec<u8> = Sha256::digest(text.as_bytes()).iter().take(8).copied().collect();
    format!("/assets/{}.{ending}", data_encoding::HEXLOWER.encode(&short))
}

/// The address of the stylesheet.
pub(super) fn style() -> &'static str {
    &STYLE_PATH
}

/// The address of the script.
pub(super) fn script() -> &'static str {
    &SCRIPT_PATH
}

/// The routes.
#[must_use]
pub fn routes() -> Vec<Route> {
    vec![Route {
        method: Method::GET,
        path: "/assets/{name}",
        name: "asset",
        summary: "What pages load beside themselves.",
        access: Access::Anyone,
        logs: Logs::Nothing,
        takes: Takes::Nothing,
        gives: Gives::Bytes,
        also: &[404],
        handler: handler(|call| async move {
            let name = call.path("name", |name| Some(format!("/assets/{name}")))?;
            match name.as_str() {
                "/assets/icon.svg" => Ok(Answer::asset("image/svg+xml", ICON)),
                name if name == style() => Ok(Answer::asset("text/css; charset=utf-8", STYLE)),
                name if name == script() => Ok(Answer::asset("text/javascript; charset=utf-8", SCRIPT)),
                _ => Err(Fault::NotFound.into()),
            }
        }),
    }]
}
