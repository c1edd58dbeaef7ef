//! Where things lie: the checkout's folders, cargo's target folder and the binaries that cargo puts there.

use std::env;
use std::path::{Path, PathBuf};

use cargo_metadata::{Metadata, MetadataCommand};

use crate::error::{Error, Kind, Result};

/// The checkout that this program belongs to.
pub struct Checkout {
    root: PathBuf,
    metadata: Metadata,
}

/// Which of cargo's two profiles a binary was built with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Profile {
    /// Quick to build; what the tests run.
    Debug,
    /// Optimised; what benchmarks and acceptance run.
    Release,
}

impl Checkout {
    /// Finds the checkout and asks cargo about its packages.
    ///
    /// # Errors
    /// When cargo cannot read the workspace.
    pub fn open() -> Result<Self> {
        let here = env::var_os("CARGO_MANIFEST_DIR").map_or_else(|| env!("CARGO_MANIFEST_DIR").into(), PathBuf::from);
        let root = here.parent().map(Path::to_path_buf).unwrap_or(here);
        let metadata = MetadataCommand::new()
            .manifest_path(root.join("Cargo.toml"))
            .exec()
            .map_err(|source| Error::new(Kind::Answer, "could not read `cargo metadata`").caused_by(source))?;
        Ok(Self { root, metadata })
    }

    /// Returns the folder of the workspace's `Cargo.toml`.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Returns what cargo says about the workspace and all that it depends on.
    pub fn metadata(&self) -> &Metadata {
        &self.metadata
    }

    /// Returns a folder or file below cargo's target folder.
    pub fn target(&self, name: &str) -> PathBuf {
        self.metadata.target_directory.as_std_path().join(name)
    }

    /// Returns the path of a binary of this workspace. It is there once the workspace was built with that profile.
    pub fn binary(&self, name: &str, profile: Profile) -> PathBuf {
        let folder = match profile {
            Profile::Debug => "debug",
            Profile::Release => "release",
        };
        self.target(folder).join(format!("{name}{}", env::consts::EXE_SUFFIX))
    }
}
