//! Reading a body within limits of size, time and rate. actix-web limits only the head's time: without
//! this, a client that sends one byte a minute holds a connection for ever.
//!
//! A body that is not read to its end ends the connection, with [`Unread`]: left to itself, actix-web
//! would go on taking the rest of a chunked one for as long as the client likes to send it.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use actix_web::HttpResponse;
use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::web::{Bytes, BytesMut, Payload};
use futures_core::Stream;

use crate::error::{AppError, Fault};
use crate::settings::ServerSettings;

/// Seconds before the least rate is asked for.
const GRACE: u64 = 2;

/// The whole body.
///
/// # Errors
/// `TooLarge` beyond `most` bytes, `TooSlow` beyond the time or below the rate, `Invalid` when the client
/// breaks off or frames it wrongly.
pub(crate) async fn read(
    payload: &mut Payload,
    announced: Option<u64>,
    most: usize,
    limits: &ServerSettings,
) -> Result<Vec<u8>, AppError> {
    if announced.is_some_and(|length| usize::try_from(length).map_or(true, |length| length > most)) {
        return Err(Fault::TooLarge.into());
    }
    let begun = Instant::now();
    let deadline = Duration::from_secs(limits.body_seconds);
    let mut body = BytesMut::new();
    loop {
        let spent = begun.elapsed();
        // By now this many bytes must have come; the wait for the next ones ends when that is no longer so.
        let have = u64::try_from(body.len()).unwrap_or(u64::MAX);
        let paid_until =
            Duration::from_secs(GRACE.saturating_add(have.checked_div(limits.body_least_rate).unwrap_or(u64::MAX)));
        let left = deadline.min(paid_until).checked_sub(spent).ok_or(Fault::TooSlow)?;
        match tokio::time::timeout(left, poll_fn(|cx| Pin::new(&mut *payload).poll_next(cx))).await {
            Err(_elapsed) => return Err(Fault::TooSlow.into()),
            Ok(None) => return Ok(body.to_vec()),
            Ok(Some(Err(_broken))) => return Err(AppError::field("body", "broke off or is wrongly framed")),
            Ok(Some(Ok(chunk))) => {
                if body.len().saturating_add(chunk.len()) > most {
                    return Err(Fault::TooLarge.into());
                }
                body.extend_from_slice(&chunk);
            }
        }
    }
}

/// The body of an answer that holds the request's own until it is sent. While somebody holds what was not
/// read, actix-web closes the connection behind the answer; what was read to its end changes nothing.
struct Unread {
    answer: BoxBody,
    _request: Payload,
}

/// Makes `response` end the connection unless `payload` was read to its end.
pub(crate) fn end_with(response: HttpResponse, payload: Payload) -> HttpResponse {
    response.map_body(|_, answer| BoxBody::new(Unread { answer, _request: payload }))
}

impl MessageBody for Unread {
    type Error = <BoxBody as MessageBody>::Error;

    fn size(&self) -> BodySize {
        self.answer.size()
    }

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Self::Error>>> {
        Pin::new(&mut self.answer).poll_next(cx)
    }
}
