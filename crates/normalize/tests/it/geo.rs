//! Databases of addresses for the tests: files of MaxMind's format.

use std::net::IpAddr;
use std::path::Path;

use maxminddb::{PathElement, Reader};
use normalize::ecs::{Geo, Network, Place};

/// A city and an ASN database.
pub(crate) struct Files {
    city: Reader<Vec<u8>>,
    asn: Reader<Vec<u8>>,
}

impl Files {
    pub(crate) fn open(folder: &Path) -> Files {
        let read = |name: &str| Reader::open_readfile(folder.join(name)).unwrap();
        Files { city: read("GeoLite2-City-Test.mmdb"), asn: read("GeoLite2-ASN-Test.mmdb") }
    }
}

impl Geo for Files {
    fn place(&self, address: IpAddr) -> Option<Place> {
        let found = self.city.lookup(address).unwrap();
        if !found.has_data() {
            return None;
        }
        let text = |path: &[&str]| {
            let path: Vec<PathElement<'_>> = path.iter().map(|name| PathElement::Key(name)).collect();
            found.decode_path::<String>(&path).unwrap()
        };
        let subdivision = |path: &[PathElement<'_>]| {
            let path: Vec<_> =
                [PathElement::Key("subdivisions"), PathElement::IndexFromEnd(0)].iter().chain(path).cloned().collect();
            found.decode_path::<String>(&path).unwrap()
        };
        let degrees =
            |name: &str| found.decode_path::<f64>(&[PathElement::Key("location"), PathElement::Key(name)]).unwrap();
        Some(Place {
            continent_name: text(&["continent", "names", "en"]),
            country_iso_code: text(&["country", "iso_code"]),
            country_name: text(&["country", "names", "en"]),
            subdivision_iso_code: subdivision(&[PathElement::Key("iso_code")]),
            subdivision_name: subdivision(&[PathElement::Key("names"), PathElement::Key("en")]),
            city_name: text(&["city", "names", "en"]),
            location: degrees("latitude").zip(degrees("longitude")),
        })
    }

    fn network(&self, address: IpAddr) -> Option<Network> {
        let found = self.asn.lookup(address).unwrap();
        found.has_data().then(|| Network {
            number: found.decode_path(&[PathElement::Key("autonomous_system_number")]).unwrap(),
            organization: found.decode_path(&[PathElement::Key("autonomous_system_organization")]).unwrap(),
        })
    }
}
