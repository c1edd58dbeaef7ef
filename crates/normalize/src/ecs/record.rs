//! The members of a record that the mapping reads, found in one pass over the record's top level.

use std::borrow::Cow;

use crate::tree::{NOWHERE, NodeId, ROOT, Tree};

macro_rules! members {
    ($($member:ident = $name:literal,)*) => {
        /// A member of a record, or of a digest file.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        #[repr(u8)]
        pub(crate) enum Member { $($member),* }

        const MEMBERS: usize = [$($name),*].len();

        impl Member {
            fn named(name: &str) -> Option<Member> {
                Some(match name {
                    $($name => Member::$member,)*
                    _ => return None,
                })
            }
        }
    };
}

members! {
    Addendum = "addendum",
    AdditionalEventData = "additionalEventData",
    ApiVersion = "apiVersion",
    AwsAccountId = "awsAccountId",
    AwsRegion = "awsRegion",
    DigestEndTime = "digestEndTime",
    DigestPublicKeyFingerprint = "digestPublicKeyFingerprint",
    DigestS3Bucket = "digestS3Bucket",
    DigestS3Object = "digestS3Object",
    DigestSignatureAlgorithm = "digestSignatureAlgorithm",
    DigestStartTime = "digestStartTime",
    ErrorCode = "errorCode",
    ErrorMessage = "errorMessage",
    EventCategory = "eventCategory",
    EventId = "eventID",
    EventName = "eventName",
    EventSource = "eventSource",
    EventTime = "eventTime",
    EventType = "eventType",
    EventVersion = "eventVersion",
    InsightDetails = "insightDetails",
    LogFiles = "logFiles",
    ManagementEvent = "managementEvent",
    NewestEventTime = "newestEventTime",
    OldestEventTime = "oldestEventTime",
    PreviousDigestHashAlgorithm = "previousDigestHashAlgorithm",
    PreviousDigestHashValue = "previousDigestHashValue",
    PreviousDigestS3Bucket = "previousDigestS3Bucket",
    PreviousDigestS3Object = "previousDigestS3Object",
    PreviousDigestSignature = "previousDigestSignature",
    PublicKeyFingerprint = "publicKeyFingerprint",
    ReadOnly = "readOnly",
    RecipientAccountId = "recipientAccountId",
    RequestId = "requestID",
    RequestParameters = "requestParameters",
    Resources = "resources",
    ResponseElements = "responseElements",
    ServiceEventDetails = "serviceEventDetails",
    SessionCredentialFromConsole = "sessionCredentialFromConsole",
    SharedEventId = "sharedEventID",
    SharedEventIdLowerCase = "sharedEventId",
    SourceIdentity = "sourceIdentity",
    SourceIpAddress = "sourceIPAddress",
    TlsDetails = "tlsDetails",
    UserAgent = "userAgent",
    UserIdentity = "userIdentity",
    VpcEndpointAccountId = "vpcEndpointAccountId",
    VpcEndpointId = "vpcEndpointId",
}

/// A parsed record with its members at hand.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Record<'t> {
    pub tree: Tree<'t>,
    members: [NodeId; MEMBERS],
}

impl<'t> Record<'t> {
    pub(crate) fn new(tree: Tree<'t>) -> Self {
        let mut members = [NOWHERE; MEMBERS];
        for child in tree.children(ROOT) {
            let member = Member::named(&tree.name(child));
            if let Some(place) = member.and_then(|member| members.get_mut(member as usize)) {
                *place = child;
            }
        }
        Record { tree, members }
    }

    /// Returns the same record without a value that was moved elsewhere.
    pub(crate) fn without(self, moved: NodeId) -> Self {
        Record { tree: self.tree.without(moved), ..self }
    }

    /// Returns a member, unless a clean-up drops it.
    #[inline]
    pub(crate) fn get(&self, member: Member) -> Option<NodeId> {
        self.before_clean_up(member).filter(|node| self.tree.is_kept(*node))
    }

    /// Returns a member, whatever its value is.
    #[inline]
    pub(crate) fn before_clean_up(&self, member: Member) -> Option<NodeId> {
        self.members.get(member as usize).copied().filter(|node| *node != NOWHERE)
    }

    /// Returns the text of a member that is a string.
    pub(crate) fn text(&self, member: Member) -> Option<Cow<'t, str>> {
        self.tree.string(self.get(member)?)
    }

    /// Follows a path below a member.
    pub(crate) fn below(&self, member: Member, path: &str) -> Option<NodeId> {
        self.tree.at(self.get(member)?, path)
    }

    /// Follows a path from the record's top.
    pub(crate) fn at(&self, path: &str) -> Option<NodeId> {
        match path.bytes().position(|byte| byte == b'.') {
            Some(dot) => self.below(Member::named(path.get(..dot)?)?, path.get(dot + 1..)?),
            None => self.get(Member::named(path)?),
        }
    }

    /// Follows a path in which `[]` behind a name stands for each element of a list. A value that is no list has no
    /// elements.
    pub(crate) fn each(&self, path: &str) -> Vec<NodeId> {
        let Some((list, rest)) = path.split_once("[]") else { return self.at(path).into_iter().collect() };
        let Some(list) = self.at(list) else { return Vec::new() };
        let elements = self.tree.elements(list);
        match rest.strip_prefix('.') {
            Some(rest) => elements.filter_map(|element| self.tree.at(element, rest)).collect(),
            None => elements.collect(),
        }
    }

    /// Returns a value of one token as text.
    pub(crate) fn scalar(&self, node: NodeId) -> Option<Cow<'t, str>> {
        use crate::tree::Kind;
        match self.tree.kind(node) {
            Kind::String => self.tree.string(node),
            Kind::Number => Some(Cow::Owned(crate::java::number(self.tree.raw(node)))),
            Kind::Bool => Some(Cow::Borrowed(self.tree.raw(node))),
            Kind::Null | Kind::List | Kind::Object => None,
        }
    }
}
