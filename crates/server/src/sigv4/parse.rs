//! What a request says about its signature.

use std::borrow::Cow;

use axum::http::request::Parts;
use event::arn::Region;
use event::time::EventTime;
use url::form_urlencoded;

use crate::fault::{Code, Fault, Result};

const ALGORITHM: &str = "AWS4-HMAC-SHA256";
/// Longest life of a presigned request, in seconds: a week.
const EXPIRES_MAX: u32 = 7 * 24 * 3_600;

/// A signature, and what it says it covers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Signed {
    pub credential: Credential,
    /// Names of the headers that are covered, in lower case, as the client listed them.
    pub headers: Vec<String>,
    pub signature: String,
    /// The request's time as it was written, `YYYYMMDDTHHMMSSZ`.
    pub date: String,
    /// The same, read.
    pub time: EventTime,
    /// How long a presigned request lives, in seconds.
    pub expires: Option<u32>,
    pub session_token: Option<String>,
    pub is_presigned: bool,
}

/// Who signed, and for what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Credential {
    pub key_id: String,
    pub date: String,
    pub region: Region,
    /// The Region as it was written.
    pub region_text: String,
    pub service: String,
}

impl Credential {
    pub(super) fn scope(&self) -> String {
        format!("{}/{}/{}/aws4_request", self.date, self.region_text, self.service)
    }

    fn parse(text: &str) -> Option<Credential> {
        let mut parts = text.rsplitn(5, '/');
        let (end, service, region, date) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        let key_id = parts.next()?;
        let is_date = date.len() == 8 && date.bytes().all(|byte| byte.is_ascii_digit());
        let fits = end == "aws4_request" && !key_id.is_empty() && is_date;
        fits.then_some(())?;
        Some(Credential {
            key_id: key_id.to_owned(),
            date: date.to_owned(),
            region: Region::parse(region)?,
            region_text: region.to_owned(),
            service: service.to_owned(),
        })
    }
}

impl Signed {
    /// Reads the signature of a request.
    ///
    /// # Errors
    /// If there is none, or it is not whole.
    pub(crate) fn of(request: &Parts) -> Result<Signed> {
        match text_header(request, "authorization") {
            Some(header) => in_header(request, header),
            None => in_query(request),
        }
    }
}

fn in_header(request: &Parts, header: &str) -> Result<Signed> {
    let Some(rest) = header.strip_prefix(ALGORITHM) else {
        return Err(incomplete(format!("the algorithm is not '{ALGORITHM}'")));
    };
    let part = |name: &str| {
        rest.split([',', ' '])
            .find_map(|part| part.trim().strip_prefix(name)?.strip_prefix('='))
            .filter(|value| !value.is_empty())
            .ok_or_else(|| incomplete(format!("Authorization header requires '{name}' parameter.")))
    };
    let date = text_header(request, "x-amz-date").or_else(|| text_header(request, "date"));
    let date = date.ok_or_else(|| {
        incomplete("Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.".to_owned())
    })?;
    let session_token = text_header(request, "x-amz-security-token").map(str::to_owned);
    whole((part("Credential")?, part("SignedHeaders")?, part("Signature")?), (date, None), session_token, false)
}

fn in_query(request: &Parts) -> Result<Signed> {
    let query = request.uri.query().unwrap_or_default();
    let find =
        |name: &str| form_urlencoded::parse(query.as_bytes()).find(|(key, _)| key == name).map(|(_, value)| value);
    let Some(algorithm) = find("X-Amz-Algorithm") else {
        return Err(Fault::new(Code::MissingAuthenticationTokenException, "Missing Authentication Token"));
    };
    if algorithm != ALGORITHM {
        return Err(incomplete(format!("the algorithm is not '{ALGORITHM}'")));
    }
    let part = |name: &str| -> Result<Cow<'_, str>> {
        find(name).filter(|value| !value.is_empty()).ok_or_else(|| incomplete(format!("the query lacks '{name}'")))
    };
    let expires: u32 = part("X-Amz-Expires")?
        .parse()
        .ok()
        .filter(|seconds| (1..=EXPIRES_MAX).contains(seconds))
        .ok_or_else(|| incomplete(format!("'X-Amz-Expires' is no number of seconds from 1 to {EXPIRES_MAX}")))?;
    let session_token = find("X-Amz-Security-Token").map(Cow::into_owned);
    whole(
        (&part("X-Amz-Credential")?, &part("X-Amz-SignedHeaders")?, &part("X-Amz-Signature")?),
        (&part("X-Amz-Date")?, Some(expires)),
        session_token,
        true,
    )
}

fn whole(
    (credential, headers, signature): (&str, &str, &str),
    (date, expires): (&str, Option<u32>),
    session_token: Option<String>,
    is_presigned: bool,
) -> Result<Signed> {
    let credential = Credential::parse(credential).ok_or_else(|| {
        incomplete(
            "Credential must have exactly 5 slash-delimited elements, e.g. \
                    keyid/date/region/service/aws4_request"
                .to_owned(),
        )
    })?;
    let time = parse_date(date).ok_or_else(|| {
        incomplete(format!(
            "Date must be in ISO-8601 'basic format'. Got '{date}'. See http://en.wikipedia.org/wiki/ISO_8601"
        ))
    })?;
    Ok(Signed {
        credential,
        headers: headers.split(';').map(str::to_ascii_lowercase).collect(),
        signature: signature.to_owned(),
        date: date.to_owned(),
        time,
        expires,
        session_token,
        is_presigned,
    })
}

/// Reads `YYYYMMDDTHHMMSSZ`.
fn parse_date(text: &str) -> Option<EventTime> {
    let time = jiff::civil::DateTime::strptime("%Y%m%dT%H%M%SZ", text).ok()?;
    let time = time.to_zoned(jiff::tz::TimeZone::UTC).ok()?;
    Some(EventTime::from_micros(time.timestamp().as_microsecond()))
}

/// A header's value, if it is there once and is text.
pub(crate) fn text_header<'r>(request: &'r Parts, name: &str) -> Option<&'r str> {
    request.headers.get(name)?.to_str().ok()
}

fn incomplete(message: String) -> Fault {
    Fault::new(Code::IncompleteSignatureException, message)
}
