//! Trails on trial: made of selectors alone, as if every account had one of its own.

use event::arn::{AccountId, Region};
use trail::model::{Logging, Millis, Trail};
use trail::selectors::{Selectors, Target};

use crate::error::{Error, ErrorKind, Result};

/// Which Regions a trail records.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Regions {
    /// The Region in which the trail is made.
    pub home: Region,
    /// Whether it records all Regions, or its own alone.
    pub is_multi_region: bool,
    /// Whether it records events of global services.
    pub includes_global_services: bool,
}

/// A trail on trial.
#[derive(Debug, Clone)]
pub struct Trial {
    /// What it is called in the answer.
    pub name: String,
    selectors: Selectors,
    target: Target,
}

impl Trial {
    /// Makes a trail that sees the events of every account, since each is thought to have one like it.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidValue`] if the selectors cannot be evaluated.
    pub fn new(name: impl Into<String>, selectors: Selectors, regions: &Regions) -> Result<Trial> {
        let name = name.into();
        let trail = trail(&name, &selectors, regions)?;
        let target = Target::compile(&trail).map_err(|error| Error::new(ErrorKind::InvalidValue, error.to_string()))?;
        Ok(Trial { name, selectors, target })
    }

    pub(super) fn selectors(&self) -> &Selectors {
        &self.selectors
    }

    pub(super) fn target(&self) -> &Target {
        &self.target
    }
}

fn trail(name: &str, selectors: &Selectors, regions: &Regions) -> Result<Trail> {
    // An organisation's trail asks for no account, so that none has to be named here.
    let account = AccountId::parse("000000000000")
        .ok_or_else(|| Error::new(ErrorKind::InvalidValue, "make a trail on trial without an account"))?;
    Ok(Trail {
        arn: format!("arn:aws:cloudtrail:{}:{account}:trail/{name}", regions.home),
        name: name.to_owned(),
        account,
        home_region: regions.home.clone(),
        s3_bucket_name: String::new(),
        s3_key_prefix: None,
        sns_topic_name: None,
        sns_topic_arn: None,
        cloud_watch_logs: None,
        kms_key_id: None,
        include_global_service_events: regions.includes_global_services,
        is_multi_region_trail: regions.is_multi_region,
        is_organization_trail: true,
        organization_id: None,
        log_file_validation_enabled: false,
        recursive_logging: true,
        selectors: Some(selectors.clone()),
        insight_selectors: Vec::new(),
        insights_destination: None,
        aggregation_configurations: Vec::new(),
        tags: Vec::new(),
        logging: Logging::default(),
        created: Millis(0),
        deleted: None,
    })
}
