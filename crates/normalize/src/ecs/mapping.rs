//! One message on its way to a document: what all sections of the mapping read and write.

use crate::ecs::document::Document;
use crate::ecs::field::Field;
use crate::ecs::record::Record;
use crate::tree::NodeId;

/// The state that the sections hand on.
pub(super) struct Mapping<'t> {
    /// The record, unless the message is empty.
    pub record: Option<Record<'t>>,
    pub document: Document<'t>,
    /// The record's resources, each once, in the order of the document.
    pub resources: Vec<NodeId>,
    errors: bool,
}

/// Why a mapping ends before its end; the document says more.
#[derive(Debug)]
pub(super) struct Stopped;

impl<'t> Mapping<'t> {
    pub(super) fn new(message: &'t str) -> Self {
        Mapping { record: None, document: Document::new(message), resources: Vec::new(), errors: false }
    }

    /// Notes that a step has failed; the mapping goes on. The message has the form of those of Elasticsearch.
    #[cold]
    pub(super) fn fail(&mut self, processor: &str, tag: &str, message: &str) {
        self.errors = true;
        let entry = format!(
            "Processor {processor} with tag {tag} in pipeline logs-aws.cloudtrail-8.9.0 failed with message: {message}"
        );
        self.document.append(Field::ErrorMessage, entry.into());
    }

    /// Notes that a step has failed without which the others are not taken.
    #[cold]
    pub(super) fn stop(&mut self, processor: &str, tag: &str, message: &str) -> Stopped {
        self.fail(processor, tag, message);
        self.document.stopped = true;
        Stopped
    }

    /// Returns true if a step has failed.
    pub(super) fn has_failed(&self) -> bool {
        self.errors
    }
}
