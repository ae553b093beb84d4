//! Reading a body within limits of size, time and rate. actix-web limits only the head's time: without
//! this, a client that sends one byte a minute holds a connection for ever. One that is too large to be held in
//! memory is taken piece by piece, as [`Incoming`].
//!
//! A body that is not read to its end ends the connection, with [`Unread`]: left to itself, actix-web
//! would go on taking the rest of a chunked one for as long as the client likes to send it.

use std::cell::RefCell;
use std::future::poll_fn;
use std::pin::Pin;
use std::rc::Rc;
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

/// What came of a request's body so far. Shared with the answer, see [`Unread`].
#[derive(Clone)]
pub(crate) struct Body(Rc<RefCell<Payload>>);

impl From<Payload> for Body {
    fn from(payload: Payload) -> Self {
        Self(Rc::new(RefCell::new(payload)))
    }
}

/// The whole body, in the time that the settings give it.
///
/// # Errors
/// As [`Incoming::next`].
pub(crate) async fn read(
    body: &Body,
    announced: Option<u64>,
    most: usize,
    limits: &ServerSettings,
) -> Result<Vec<u8>, AppError> {
    let most = u64::try_from(most).unwrap_or(u64::MAX);
    let mut incoming = Incoming::new(body, announced, most, limits)?.in_time(limits);
    let mut whole = BytesMut::new();
    while let Some(chunk) = incoming.next().await? {
        whole.extend_from_slice(&chunk);
    }
    Ok(whole.to_vec())
}

/// A body that is taken piece by piece. What is not asked for yet is not sent either.
pub struct Incoming {
    body: Body,
    most: u64,
    have: u64,
    least_rate: u64,
    begun: Instant,
    /// After how long it must be here; a file may take as long as its size does at the least rate.
    deadline: Option<Duration>,
}

impl Incoming {
    /// A body of at most `most` bytes, whose length was perhaps announced.
    ///
    /// # Errors
    /// `TooLarge` when more was announced.
    pub(super) fn new(
        body: &Body,
        announced: Option<u64>,
        most: u64,
        limits: &ServerSettings,
    ) -> Result<Self, AppError> {
        if announced.is_some_and(|length| length > most) {
            return Err(Fault::TooLarge.into());
        }
        let (body, least_rate) = (body.clone(), limits.body_least_rate);
        Ok(Self { body, most, have: 0, least_rate, begun: Instant::now(), deadline: None })
    }

    /// Which must be here in the time that the settings give a body.
    pub(super) fn in_time(mut self, limits: &ServerSettings) -> Self {
        self.deadline = Some(Duration::from_secs(limits.body_seconds));
        self
    }

    /// What has come of it since the last call; nothing when that was all.
    ///
    /// # Errors
    /// `TooLarge` beyond the bytes that are taken, `TooSlow` below the rate or beyond the time, `Invalid` when the client breaks off or
    /// frames it wrongly.
    pub async fn next(&mut self) -> Result<Option<Bytes>, AppError> {
        // By now this many bytes must have come; the wait for the next ones ends when that is no longer so.
        let paid_until =
            Duration::from_secs(GRACE.saturating_add(self.have.checked_div(self.least_rate).unwrap_or(u64::MAX)));
        let until = self.deadline.map_or(paid_until, |deadline| deadline.min(paid_until));
        let left = until.checked_sub(self.begun.elapsed()).ok_or(Fault::TooSlow)?;
        let next = poll_fn(|cx| Pin::new(&mut *self.body.0.borrow_mut()).poll_next(cx));
        let chunk = match tokio::time::timeout(left, next).await {
            Err(_elapsed) => return Err(Fault::TooSlow.into()),
            Ok(None) => return Ok(None),
            Ok(Some(Err(_broken))) => return Err(AppError::field("body", "broke off or is wrongly framed")),
            Ok(Some(Ok(chunk))) => chunk,
        };
        self.have = self.have.saturating_add(u64::try_from(chunk.len()).unwrap_or(u64::MAX));
        if self.have > self.most { Err(Fault::TooLarge.into()) } else { Ok(Some(chunk)) }
    }
}

/// A body of so many bytes is read to its end in any case.
const SMALL: u64 = 64 << 10;

/// Reads what is left of a body that is small, so that the connection goes on. Else it would depend on the client's haste
/// whether it does, and on how long it took to find that there is nothing.
pub(super) async fn finish(body: &Body, announced: Option<u64>) {
    if announced.is_some_and(|length| length > SMALL) {
        return;
    }
    let rest = async {
        let mut read = 0;
        while let Some(Ok(chunk)) = poll_fn(|cx| Pin::new(&mut *body.0.borrow_mut()).poll_next(cx)).await {
            read = u64::saturating_add(read, u64::try_from(chunk.len()).unwrap_or(u64::MAX));
            if read > SMALL {
                break;
            }
        }
    };
    drop(tokio::time::timeout(Duration::from_secs(GRACE), rest).await);
}

/// The body of an answer that holds the request's own until it is sent. While somebody holds what was not
/// read, actix-web closes the connection behind the answer; what was read to its end changes nothing.
struct Unread {
    answer: BoxBody,
    _request: Body,
}

/// Makes `response` end the connection unless `body` was read to its end.
pub(crate) fn end_with(response: HttpResponse, body: impl Into<Body>) -> HttpResponse {
    let body = body.into();
    response.map_body(|_, answer| BoxBody::new(Unread { answer, _request: body }))
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

#[cfg(test)]
impl Incoming {
    /// A body that comes in these pieces.
    pub(super) fn of(pieces: Vec<Bytes>) -> Self {
        struct Made(std::collections::VecDeque<Bytes>);
        impl Stream for Made {
            type Item = Result<Bytes, actix_web::error::PayloadError>;
            fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
                Poll::Ready(self.0.pop_front().map(Ok))
            }
        }
        let stream: Pin<Box<dyn Stream<Item = Result<Bytes, actix_web::error::PayloadError>>>> =
            Box::pin(Made(pieces.into()));
        let mut payload = actix_web::dev::Payload::Stream { payload: stream };
        let request = actix_web::test::TestRequest::default().to_http_request();
        let payload = <Payload as actix_web::FromRequest>::from_request(&request, &mut payload).into_inner();
        let body = Body::from(payload.unwrap());
        Self { body, most: u64::MAX, have: 0, least_rate: 1, begun: Instant::now(), deadline: None }
    }
}
