//! Texts that must never be shown, and addresses that may hold some.

use std::fmt;

use url::Url;

/// A password, a key, or whatever else must not be shown. Its debug output does not have it.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Returns the secret, for whoever sends or compares it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl<T: Into<String>> From<T> for Secret {
    fn from(text: T) -> Self {
        Self(text.into())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

/// Returns a URL without user, password, query and fragment.
pub(crate) fn without_secrets(url: &Url) -> String {
    format!("{}{}", origin(url), url.path())
}

/// Returns the scheme, host and port of a URL. The paths of webhooks are often as good as a password.
pub(crate) fn origin(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    match url.port() {
        Some(port) => format!("{}://{host}:{port}", url.scheme()),
        None => format!("{}://{host}", url.scheme()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shown_holds_no_secret() {
        let cases = [
            (
                "https://u:p@es.example.com:9200/a?token=t#f",
                "https://es.example.com:9200/a",
                "https://es.example.com:9200",
            ),
            ("http://[::1]/", "http://[::1]/", "http://[::1]"),
        ];
        for (text, address, host) in cases {
            let url = Url::parse(text).unwrap();
            assert_eq!((without_secrets(&url).as_str(), origin(&url).as_str()), (address, host));
        }
        assert_eq!(format!("{:?}", Secret::from("hunter2")), "Secret(..)");
    }
}
