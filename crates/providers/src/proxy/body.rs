//! Bodies on their way through: of requests, which may have to be handed to another member, and of answers, which hold
//! their member until they are over.

use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use tokio_util::sync::WaitForCancellationFutureOwned;

use super::upstream::Held;

type Error = Box<dyn std::error::Error + Send + Sync>;

/// The body of a request. Its clones are one body: as long as nothing has been read of it, any of them can still be sent.
#[derive(Clone)]
pub(super) struct RequestBody(Arc<Mutex<Source>>);

struct Source {
    body: Option<Incoming>,
    touched: bool,
}

impl RequestBody {
    pub(super) fn new(body: Incoming) -> RequestBody {
        RequestBody(Arc::new(Mutex::new(Source {
            body: Some(body),
            touched: false,
        })))
    }

    pub(super) fn empty() -> RequestBody {
        RequestBody(Arc::new(Mutex::new(Source {
            body: None,
            touched: false,
        })))
    }

    fn source(&self) -> MutexGuard<'_, Source> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether all of it is still here: it can be sent to somebody else.
    pub(super) fn is_whole(&self) -> bool {
        !self.source().touched
    }
}

impl Body for RequestBody {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let mut source = self.source();
        let Some(body) = source.body.as_mut() else {
            return Poll::Ready(None);
        };
        let polled = Pin::new(body).poll_frame(cx);
        if !matches!(polled, Poll::Pending | Poll::Ready(None)) {
            source.touched = true;
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.source().body.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        match &self.source().body {
            Some(body) => body.size_hint(),
            None => SizeHint::with_exact(0),
        }
    }
}

/// The body of an answer.
pub(super) enum AnswerBody {
    /// Our own words.
    Own(Full<Bytes>),
    /// A member's: it has this in its hands until the body is over, or it is cut off.
    Passed {
        body: Incoming,
        held: Option<Held>,
        cut: Pin<Box<WaitForCancellationFutureOwned>>,
    },
}

impl AnswerBody {
    pub(super) fn own(text: String) -> AnswerBody {
        AnswerBody::Own(Full::new(Bytes::from(text)))
    }

    pub(super) fn passed(body: Incoming, held: Held) -> AnswerBody {
        let cut = Box::pin(held.0.cut.clone().cancelled_owned());
        AnswerBody::Passed {
            body,
            held: Some(held),
            cut,
        }
    }
}

impl Body for AnswerBody {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        match self.get_mut() {
            AnswerBody::Own(body) => Pin::new(body)
                .poll_frame(cx)
                .map_err(|never| match never {}),
            AnswerBody::Passed { body, held, cut } => {
                let polled = Pin::new(body).poll_frame(cx);
                match polled {
                    Poll::Ready(None) => {
                        *held = None;
                        Poll::Ready(None)
                    }
                    Poll::Ready(Some(Err(error))) => {
                        if let Some(held) = held.take() {
                            held.failed();
                        }
                        Poll::Ready(Some(Err(error.into())))
                    }
                    Poll::Ready(Some(Ok(frame))) => Poll::Ready(Some(Ok(frame))),
                    Poll::Pending => match cut.as_mut().poll(cx) {
                        Poll::Pending => Poll::Pending,
                        Poll::Ready(()) => {
                            *held = None;
                            Poll::Ready(Some(Err("the member was taken off".into())))
                        }
                    },
                }
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            AnswerBody::Own(body) => body.is_end_stream(),
            AnswerBody::Passed { body, .. } => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            AnswerBody::Own(body) => body.size_hint(),
            AnswerBody::Passed { body, .. } => body.size_hint(),
        }
    }
}
