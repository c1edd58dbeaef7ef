//! What a bundle says to a court or an auditor, and how they check it by hand.

use jiff::SignedDuration;

use crate::evidence::Proven;

/// Returns the text. It follows from the proof alone.
pub(super) fn text(proven: &Proven, log_file: &str) -> String {
    let content = if log_file.ends_with(".gz") { format!("gunzip -c {log_file}") } else { format!("cat {log_file}") };
    let start = proven.digest_end.saturating_sub(SignedDuration::from_hours(1)).unwrap_or(proven.digest_end);
    let Proven { event_id, event_name, event_time, digest, digest_sha256, fingerprint, log_file_sha256, .. } = proven;
    let (delivered, end, account) = (&proven.log_file, proven.digest_end, &proven.account);
    let next = match &proven.next_digest {
        Some(next) => format!(
            "6. The digest after it repeats both. `next-digest.json` is the content of

       {next}

   and must hold the hash and the signature of this digest:

       grep -c {digest_sha256} next-digest.json
       grep -c \"$(od -An -v -tx1 digest.signature.bin | tr -d ' \\n')\" next-digest.json

   Both commands must print 1. Where `next-digest.signature.bin` is there too, it is verified as in step 2.

"
        ),
        None => String::new(),
    };
    format!(
        "EVIDENCE OF AN AWS CLOUDTRAIL EVENT

    event      {event_id}
    name       {event_name}
    time       {event_time}

This archive proves that the record in `record.json` is, byte for byte, one that AWS CloudTrail delivered for account
{account}, and that nobody has changed it since. It proves it by a signature of Amazon Web Services, and not by the
word of whoever hands it over.

How the proof goes: CloudTrail writes events into log files. Once an hour it writes a digest, which lists the log
files of that hour with the SHA-256 hash of the content of each, and signs the digest with a private key that AWS keeps.
Whoever changes a record changes the hash of its log file; whoever changes the hash in the digest breaks the signature.
AWS describes this in the CloudTrail user guide under \"Validating CloudTrail log file integrity\".

WHAT IS IN IT

    record.json                 the event's record
    {log_file:<27} the log file that holds it, as it was delivered to
                                {delivered}
    digest.json                 the content of the digest that lists the log file,
                                {digest}
    digest.signature.bin        its signature (RSASSA-PKCS1-v1_5 with SHA-256)
    digest.signed.txt           the text that was signed
    digest.public-key.der       AWS's public key {fingerprint}, as AWS gives it
    digest.public-key.pem       the same key as OpenSSL reads it
    next-digest...              the same of the digest after it, where it is known
    manifest.json               the files with the SHA-256 of each

HOW TO CHECK IT

With Trailkeep, offline: `trailkeep evidence check FILE`. Or by hand, with OpenSSL and the usual tools:

1. The key is AWS's own. Ask AWS, from any account, in the Region that stands in the digest's name:

       aws cloudtrail list-public-keys --start-time {start} --end-time {end}

   The answer must hold the fingerprint {fingerprint} and, as its value, what this prints:

       base64 digest.public-key.der | tr -d '\\n'

2. The signature is made by that key over the signed text. This must print `Verified OK`:

       openssl dgst -sha256 -verify digest.public-key.pem -signature digest.signature.bin digest.signed.txt

3. The signed text is that of this digest. Its first line is the end of the digest's hour, its second the place of the
   digest, its third the hash of the digest's content, which this must print as well:

       openssl dgst -sha256 digest.json

   The hash is {digest_sha256}

4. The digest lists the log file. The hash of the log file's content is

       {content} | openssl dgst -sha256

   which must be {log_file_sha256}
   and stand in the digest:

       grep -c {log_file_sha256} digest.json

5. The log file holds the record. This must not print 0:

       {content} | grep -c -F -f record.json

{next}"
    )
}
