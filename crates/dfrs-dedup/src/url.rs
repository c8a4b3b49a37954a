//! Addresses that lead to the same page, written differently.
//!
//! The normal form has no scheme, no `www.`, no user, no default port and no fragment; host names are in lower case; a
//! path has no slash at its end; parameters that only track visitors are gone, the others keep their order. What has
//! no scheme is taken as an address without one; escapes in the path are left alone.

/// Parameters that change nothing on the page: campaign and click identifiers.
const TRACKING: [&str; 10] = [
    "fbclid", "gclid", "dclid", "msclkid", "mc_cid", "mc_eid", "igshid", "yclid", "_ga", "_gl",
];

/// Appends the normal form of an address; nothing of an empty or blank one.
pub fn normalise_into(url: &str, out: &mut String) {
    let url = url.trim();
    let (scheme, rest) = url
        .split_once("://")
        .filter(|(scheme, _)| is_scheme(scheme))
        .unwrap_or(("", url));
    let rest = rest.split_once('#').map_or(rest, |(before, _)| before);
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    let (authority, tail) = rest.split_at(end);
    let authority = authority
        .rsplit_once('@')
        .map_or(authority, |(_, host)| host);
    let host = authority.to_lowercase();
    let host = host.trim_end_matches(':');
    let port = if scheme.eq_ignore_ascii_case("https") {
        ":443"
    } else {
        ":80"
    };
    let host = host
        .strip_suffix(port)
        .unwrap_or(host)
        .trim_end_matches('.');
    out.push_str(
        host.strip_prefix("www.")
            .filter(|host| host.contains('.'))
            .unwrap_or(host),
    );
    let (path, query) = tail.split_once('?').unwrap_or((tail, ""));
    out.push_str(path.trim_end_matches('/'));
    let mut separator = '?';
    for parameter in query
        .split('&')
        .filter(|parameter| !parameter.is_empty() && !is_tracking(parameter))
    {
        out.push(separator);
        out.push_str(parameter);
        separator = '&';
    }
}

fn is_scheme(scheme: &str) -> bool {
    scheme.starts_with(|char: char| char.is_ascii_alphabetic())
        && scheme
            .chars()
            .all(|char| char.is_ascii_alphanumeric() || "+-.".contains(char))
}

fn is_tracking(parameter: &str) -> bool {
    let name = parameter
        .split_once('=')
        .map_or(parameter, |(name, _)| name)
        .to_ascii_lowercase();
    name.starts_with("utm_") || TRACKING.contains(&name.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn normal(url: &str) -> String {
        let mut out = String::new();
        normalise_into(url, &mut out);
        out
    }

    #[test]
    fn addresses() {
        let cases = [
            ("https://www.Example.org/", "example.org"),
            ("http://example.org:80/a/#top", "example.org/a"),
            (
                "https://example.org:443/a?b=1&utm_source=x&c=2",
                "example.org/a?b=1&c=2",
            ),
            ("http://example.org:443/", "example.org:443"),
            ("  ftp://user:pass@example.org/A  ", "example.org/A"),
            ("example.org?fbclid=1", "example.org"),
            ("http://www.com/", "www.com"),
            ("https://example.org./x//", "example.org/x"),
            (
                "https://example.org/?next=http://other.org/",
                "example.org?next=http://other.org/",
            ),
            ("", ""),
            ("no address at all", "no address at all"),
        ];
        for (url, expected) in cases {
            assert_eq!(normal(url), expected, "{url:?}");
        }
    }

    proptest! {
        #[test]
        fn never_panics(url in ".{0,40}") {
            normal(&url);
        }

        #[test]
        fn scheme_and_fragment_never_count(host in "[a-z]{1,8}\\.org", path in "(/[a-zA-Z0-9]{1,5}){0,3}") {
            let expected = normal(&format!("http://{host}{path}"));
            prop_assert_eq!(normal(&format!("HTTPS://www.{host}{path}/#x")), expected);
        }
    }
}
