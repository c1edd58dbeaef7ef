//! Who stands behind a temporary credential.
//!
//! CloudTrail says of most calls only which role session made them. The record of the call that issued the session's
//! credentials says who asked for them. This crate keeps those issuing records as [`edge::Edge`]s in
//! [`sessions::Sessions`] and follows them from the [`credential::Use`] of a credential back to its
//! [`origin::Origin`]: a person, a service, or the place where the evidence ends. It never guesses: how far the
//! evidence reaches is the [`origin::Status`].
//!
//! ```
//! use lineage::credential::Use;
//! use lineage::edge;
//! use lineage::origin::Status;
//! use lineage::record::JsonRecord;
//! use lineage::sessions::{EDGES_MAX, Sessions};
//!
//! let issuing = r#"{
//!     "eventTime": "2026-03-01T09:00:00Z", "eventSource": "sts.amazonaws.com", "eventName": "AssumeRole",
//!     "eventID": "0b6f0a52-3d0c-4ab0-9a57-0a2f6a3d8f01", "recipientAccountId": "111122223333",
//!     "userIdentity": {"type": "IAMUser", "principalId": "AIDAEXAMPLEALICE00001", "accessKeyId": "AKIAEXAMPLEALICE0001",
//!         "arn": "arn:aws:iam::111122223333:user/alice", "accountId": "111122223333", "userName": "alice"},
//!     "responseElements": {"credentials": {"accessKeyId": "ASIAEXAMPLESESSION01"}}}"#;
//! let call = r#"{
//!     "eventTime": "2026-03-01T09:05:00Z", "eventSource": "ec2.amazonaws.com", "eventName": "DescribeRegions",
//!     "userIdentity": {"type": "AssumedRole", "principalId": "AROAEXAMPLEDEPLOY0001:cli",
//!         "arn": "arn:aws:sts::111122223333:assumed-role/Deploy/cli", "accessKeyId": "ASIAEXAMPLESESSION01"}}"#;
//!
//! let mut sessions = Sessions::new(EDGES_MAX);
//! for edge in edge::edge_of(&JsonRecord::parse(issuing)?) {
//!     assert!(sessions.insert(edge).is_new());
//! }
//! let call = JsonRecord::parse(call)?;
//! let origin = sessions.resolve(&Use::of(&call)).expect("the call names an identity");
//! assert_eq!((origin.arn.as_str(), origin.status), ("arn:aws:iam::111122223333:user/alice", Status::Complete));
//! # Ok::<(), lineage::error::Error>(())
//! ```

pub mod record;

pub mod columns;

pub mod credential;
pub mod edge;
mod issuing;
mod moment;
pub mod table;

pub mod origin;
pub mod origins;
mod resolve;
pub mod sessions;

pub mod error;
