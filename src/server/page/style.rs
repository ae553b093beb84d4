//! What pages load beside themselves: one stylesheet, one icon. Their addresses change with their contents,
//! so browsers keep them for good.

use std::sync::LazyLock;

use actix_web::http::Method;
use sha2::{Digest, Sha256};

use crate::error::Fault;
use crate::server::{Access, Answer, Gives, Logs, Route, Takes, handler};

const STYLE: &str = include_str!("../../../assets/style.css");
const ICON: &str = include_str!("../../../assets/icon.svg");

static STYLE_NAME: LazyLock<String> = LazyLock::new(|| {
    let digest = Sha256::digest(STYLE.as_bytes());
    let short: Vec<u8> = digest.iter().take(8).copied().collect();
    format!("/assets/{}.css", data_encoding::HEXLOWER.encode(&short))
});

/// The address of the stylesheet.
pub(super) fn style() -> &'static str {
    &STYLE_NAME
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
                _ => Err(Fault::NotFound.into()),
            }
        }),
    }]
}
