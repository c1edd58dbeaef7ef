//! Databases of addresses: files of MaxMind's format, told apart by what they say they are.

use std::cell::{Cell, RefCell};
use std::net::IpAddr;
use std::path::Path;

use maxminddb::{MaxMindDbError, Reader, geoip2};
use normalize::ecs::{Geo, Network, Place};

use crate::fault::{Fault, Result};

type File = Reader<Vec<u8>>;

/// The databases that were named.
pub(crate) struct Databases {
    city: Option<File>,
    asn: Option<File>,
    /// Addresses that could not be looked up, and why the first could not.
    failed: Cell<u64>,
    first_failure: RefCell<Option<String>>,
}

/// What a database is for.
struct Kind {
    flag: &'static str,
    holds: &'static str,
    /// Parts of the names of types that fit, such as `GeoLite2-City` or `DBIP-ASN-Lite`.
    types: &'static [&'static str],
}

const CITY: Kind = Kind { flag: "--geo-city", holds: "cities", types: &["City", "Enterprise"] };
const ASN: Kind = Kind { flag: "--geo-asn", holds: "networks", types: &["ASN", "ISP", "Enterprise"] };

impl Databases {
    /// Opens the databases.
    ///
    /// # Errors
    /// If a file is missing, damaged, or a database of something else.
    pub(crate) fn open(city: Option<&Path>, asn: Option<&Path>) -> Result<Databases> {
        Ok(Databases {
            city: city.map(|path| open(path, &CITY)).transpose()?,
            asn: asn.map(|path| open(path, &ASN)).transpose()?,
            failed: Cell::new(0),
            first_failure: RefCell::new(None),
        })
    }

    /// Tells of addresses that could not be looked up.
    pub(crate) fn report(&self) {
        if let Some(failure) = self.first_failure.borrow().as_deref() {
            let failed = self.failed.get();
            super::note(&format!("{failed} look-ups of addresses failed, the first because {failure}"));
        }
    }

    fn found<T>(&self, answer: Result<Option<T>, MaxMindDbError>) -> Option<T> {
        answer.unwrap_or_else(|error| {
            // An address of version 6 is in no database of version 4.
            if matches!(error, MaxMindDbError::InvalidInput { .. }) {
                return None;
            }
            self.failed.set(self.failed.get() + 1);
            self.first_failure.borrow_mut().get_or_insert_with(|| error.to_string());
            None
        })
    }
}

fn open(path: &Path, kind: &Kind) -> Result<File> {
    let file = Reader::open_readfile(path).map_err(|error| {
        Fault::new(format!("could not open `{}` of `{}` as a MaxMind database", path.display(), kind.flag))
            .because(error)
            .help("it must be a whole file of the format MMDB, unpacked")
    })?;
    let found = &file.metadata().database_type;
    if kind.types.iter().any(|name| found.contains(name)) {
        return Ok(file);
    }
    let message = format!("`{}` of `{}` is a database of type `{found}`", path.display(), kind.flag);
    let help = format!("a database of {} has `{}` in the name of its type", kind.holds, kind.types.join("` or `"));
    Err(Fault::new(message).help(help))
}

impl Geo for Databases {
    fn place(&self, address: IpAddr) -> Option<Place> {
        let found = self.city.as_ref()?.lookup(address).and_then(|found| found.decode::<geoip2::City<'_>>());
        let city = self.found(found)?;
        let text = |text: Option<&str>| text.map(str::to_owned);
        // The last is the most specific.
        let subdivision = city.subdivisions.last();
        Some(Place {
            continent_name: text(city.continent.names.english),
            country_iso_code: text(city.country.iso_code),
            country_name: text(city.country.names.english),
            subdivision_iso_code: text(subdivision.and_then(|part| part.iso_code)),
            subdivision_name: text(subdivision.and_then(|part| part.names.english)),
            city_name: text(city.city.names.english),
            location: city.location.latitude.zip(city.location.longitude),
        })
    }

    fn network(&self, address: IpAddr) -> Option<Network> {
        let found = self.asn.as_ref()?.lookup(address).and_then(|found| found.decode::<geoip2::Asn<'_>>());
        let asn = self.found(found)?;
        Some(Network {
            number: asn.autonomous_system_number,
            organization: asn.autonomous_system_organization.map(str::to_owned),
        })
    }
}
