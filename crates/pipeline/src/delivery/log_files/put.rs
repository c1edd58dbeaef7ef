//! From a plan to the bucket: every file is put, then the offset moves.

use std::collections::HashMap;

use bytes::Bytes;
use futures::{StreamExt, stream};
use jiff::Timestamp;
use lake::Expect;
use sink::Object;
use trail::delivery::{Chain, DIGEST_CHAIN, Listed, Notice, Plan, State, TRAIL_NOTICE, is_same_place};

use super::super::records::{Of, Write};
use super::super::step::Step;
use super::LogFiles;
use crate::error::{ErrorKind, Result};

/// Objects that are put at once.
const PUTS_AT_ONCE: usize = 8;

impl LogFiles {
    /// Carries out the plan, if there is one.
    pub(super) async fn finish_plan(&mut self, now: Timestamp) -> Result<()> {
        let Some(plan) = self.state()?.plan.clone() else { return Ok(()) };
        let mut plan = self.ensure_packed(plan).await?;
        while let Err(error) = self.put_all(&plan).await {
            if error.kind() == ErrorKind::Ended {
                return Err(error);
            }
            let error = self.note_failure(Of::LogFiles, error, now).await;
            match self.redirect(plan).await? {
                Some(elsewhere) => plan = elsewhere,
                None => return Err(error),
            }
        }
        self.reached(Step::LogFilesPut)?;
        self.commit(plan, now).await?;
        self.packed.clear();
        self.reached(Step::Delivered)
    }

    /// Makes the bytes of the files again where they are not in memory. They are the same, unless events were deleted
    /// meanwhile: then the plan follows.
    async fn ensure_packed(&mut self, mut plan: Plan) -> Result<Plan> {
        if plan.files.iter().all(|file| self.packed.contains_key(&file.key)) {
            return Ok(plan);
        }
        let packed = self.repack(&plan).await?;
        let files: Vec<_> = packed.iter().map(|file| plan.planned(file)).collect();
        let keys = files.iter().map(|file| file.key.clone());
        self.packed = keys.zip(packed.into_iter().map(|file| Bytes::from(file.bytes))).collect();
        if files != plan.files {
            tracing::warn!(
                trail = self.arn,
                planned = plan.files.len(),
                found = files.len(),
                "events of a plan changed before it was carried out: retention may have deleted some"
            );
            plan.files = files;
            let state = State { plan: Some(plan.clone()), ..self.state()?.clone() };
            self.save(state, Vec::new(), None).await?;
        }
        Ok(plan)
    }

    async fn put_all(&self, plan: &Plan) -> Result<()> {
        let kms_key_id = plan.trail.kms_key_id.as_deref();
        let bucket = &plan.trail.s3_bucket_name;
        let mut puts = Vec::with_capacity(plan.files.len());
        for file in &plan.files {
            let bytes = self.packed.get(&file.key).cloned().unwrap_or_default();
            let object = Object::gzipped_json(&file.key, bytes);
            puts.push(self.shared.settings.destinations.put_object(bucket, kms_key_id, object));
        }
        let mut puts = stream::iter(puts).buffer_unordered(PUTS_AT_ONCE);
        while let Some(put) = puts.next().await {
            put?;
            self.reached(Step::LogFilePut)?;
        }
        Ok(())
    }

    /// Sends the files of a plan elsewhere if its owner has named another place meanwhile: the old one does not take them.
    async fn redirect(&mut self, mut plan: Plan) -> Result<Option<Plan>> {
        let state = self.state()?.clone();
        if is_same_place(&plan.trail, &state.trail) {
            return Ok(None);
        }
        let (from, to) = (&plan.trail.s3_bucket_name, &state.trail.s3_bucket_name);
        tracing::warn!(trail = self.arn, from, to, "log files go to the place that their trail names by now");
        let before: Vec<String> = plan.files.iter().map(|file| file.key.clone()).collect();
        plan.redirect(&state.trail);
        let mut moved = HashMap::new();
        for (file, key) in plan.files.iter().zip(before) {
            if let Some(bytes) = self.packed.remove(&key) {
                moved.insert(file.key.clone(), bytes);
            }
        }
        self.packed = moved;
        self.save(State { plan: Some(plan.clone()), ..state }, Vec::new(), None).await?;
        Ok(Some(plan))
    }

    /// Crosses the plan out: the offset moves, the files wait for their digest, the topic for its notice, all at once.
    async fn commit(&mut self, plan: Plan, now: Timestamp) -> Result<()> {
        let mut state = self.state()?.clone();
        let mut chains: HashMap<_, Chain> = HashMap::new();
        if let Some(base) = state.validation_base().filter(|base| state.closing.is_none() && plan.delivered() >= *base)
        {
            for file in &plan.files {
                let place = (file.group.account, file.group.region.clone());
                let chain = chains.entry(place.clone()).or_insert_with(|| {
                    let begun = || Chain::begin(&state.trail, place.clone(), base, plan.delivered());
                    self.chains.get(&place).cloned().unwrap_or_else(begun)
                });
                chain.add(Listed::of(&plan, file));
            }
        }
        let mut writes = Vec::new();
        for chain in chains.values() {
            writes.push(Write::put(DIGEST_CHAIN, &chain.id(), chain, Expect::Any)?);
        }
        if let Some(notice) = Notice::of(&plan) {
            writes.push(Write::put(TRAIL_NOTICE, &notice.id(), &notice, Expect::Any)?);
        }
        state.offset = plan.until_seq;
        state.plan = None;
        self.save(state, writes, Some(self.note(Of::LogFiles, now, None))).await?;
        self.chains.extend(chains);
        self.done.log_files += plan.files.len() as u64;
        self.done.events += plan.files.iter().map(|file| file.events).sum::<u64>();
        Ok(())
    }

    /// Puts one digest, with its signature.
    pub(super) async fn put_digest(&self, sealed: &trail::digest::Sealed, kms_key_id: Option<&str>) -> Result<()> {
        let location = &sealed.file.location;
        let mut object = Object::gzipped_json(&location.key, sealed.bytes.clone());
        let metadata = &sealed.metadata;
        let pairs = [("signature", &metadata.signature), ("signature-algorithm", &metadata.signature_algorithm)];
        for (name, value) in pairs {
            object.metadata.extend(value.as_ref().map(|value| (name.to_owned(), value.clone())));
        }
        self.shared.settings.destinations.put_object(&location.bucket, kms_key_id, object).await
    }
}
