//! The closed set of reasons of Events: those of diagnostics, and those that say what became of something, with the text of
//! `docs/reasons.md`.

use ferrik_config::report::Reason;

/// One row of the reference page.
#[derive(Debug)]
pub struct EventRow {
    /// As the Event writes it.
    pub name: &'static str,
    /// `Warning` or `Normal`.
    pub kind: &'static str,
    /// What happened, as one or two sentences.
    pub doc: &'static str,
}

/// Why an Event is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum EventReason {
    /// Something is wrong with the object.
    Problem(Reason),
    /// Something happened.
    News(News),
}

macro_rules! news {
    ($($name:ident $kind:ident $doc:literal)*) => {
        /// What is no diagnostic.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum News {
            $(#[doc = $doc] $name,)*
        }

        /// Every reason that is no diagnostic's, in the order of the reference page.
        pub static EVENTS: &[EventRow] = &[
            $(EventRow { name: stringify!($name), kind: stringify!($kind), doc: $doc },)*
        ];
    };
}

news! {
    CertificateIssued Normal "The certificate that the Ingress asks for was issued and stored in the Secret that the message names."
    CertificateOrdered Normal "The certificate that the Ingress asks for is being ordered or renewed; `CertificateIssued` or `AcmeFailed` follows."
    MoreProblems Warning "The object has more problems than are told one by one; the log and `ferrik check` have them all."
    Programmed Normal "The Ingress is served as it is now; the message says by how many replicas."
}

impl EventReason {
    /// As the Event writes it.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Problem(reason) => reason.as_str(),
            Self::News(news) => EVENTS[news as usize].name,
        }
    }

    /// True if it tells of something that is to be mended.
    pub(crate) fn is_warning(self) -> bool {
        match self {
            Self::Problem(_) => true,
            Self::News(news) => EVENTS[news as usize].kind == "Warning",
        }
    }
}

impl From<Reason> for EventReason {
    fn from(reason: Reason) -> Self {
        Self::Problem(reason)
    }
}

impl From<News> for EventReason {
    fn from(news: News) -> Self {
        Self::News(news)
    }
}

#[cfg(test)]
mod tests {
    use ferrik_config::report::REASONS;

    use super::*;

    #[test]
    fn each_reason_has_one_row() {
        let mut names: Vec<&str> = EVENTS.iter().map(|row| row.name).collect();
        assert!(names.is_sorted(), "{names:?}");
        names.extend(REASONS.iter().map(|row| row.reason.as_str()));
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count, "a reason stands twice");
        assert_eq!(EventReason::from(News::Programmed).as_str(), "Programmed");
        assert!(EventReason::from(News::MoreProblems).is_warning());
        assert!(!EventReason::from(News::CertificateIssued).is_warning());
        assert!(EVENTS.iter().all(|row| matches!(row.kind, "Warning" | "Normal")));
    }
}
