-- CloudTrail log files to typed columns to Parquet (zstd), in folders by account and day. GLOB and FOLDER are filled in
-- by ingest_duckdb.py.
COPY (
  SELECT
    r.eventVersion AS event_version,
    CAST(r.eventTime AS TIMESTAMP) AS event_time,
    r.eventID AS event_id, r.eventSource AS event_source, r.eventName AS event_name, r.eventType AS event_type,
    r.eventCategory AS event_category, r.awsRegion AS aws_region,
    r.sourceIPAddress AS source_ip_address, r.userAgent AS user_agent,
    r.errorCode AS error_code, r.errorMessage AS error_message,
    r.requestID AS request_id, r.sharedEventID AS shared_event_id, r.vpcEndpointId AS vpc_endpoint_id,
    r.readOnly AS read_only, r.managementEvent AS management_event,
    r.recipientAccountId AS recipient_account_id,
    r.userIdentity.type AS user_type, r.userIdentity.principalId AS user_principal_id, r.userIdentity.arn AS user_arn,
    r.userIdentity.accountId AS user_account_id, r.userIdentity.accessKeyId AS user_access_key_id,
    r.userIdentity.userName AS user_name, r.userIdentity.invokedBy AS user_invoked_by,
    r.userIdentity.sessionContext.sessionIssuer.arn AS session_issuer_arn,
    r.userIdentity.sessionContext.sessionIssuer.userName AS session_issuer_name,
    r.userIdentity.sessionContext.attributes.creationDate AS session_creation,
    r.userIdentity.sessionContext.attributes.mfaAuthenticated AS session_mfa,
    r.tlsDetails.tlsVersion AS tls_version, r.tlsDetails.cipherSuite AS tls_cipher,
    r.tlsDetails.clientProvidedHostHeader AS tls_host,
    r.requestParameters AS request_parameters, r.responseElements AS response_elements,
    r.additionalEventData AS additional_event_data, r.serviceEventDetails AS service_event_details,
    r.resources AS resources,
    r.recipientAccountId AS account, CAST(r.eventTime[1:10] AS DATE) AS day
  FROM (
    SELECT unnest(Records) AS r
    FROM read_json('GLOB', columns = {Records: 'STRUCT(
      eventVersion VARCHAR, eventTime VARCHAR, eventID VARCHAR, eventSource VARCHAR, eventName VARCHAR, eventType VARCHAR,
      eventCategory VARCHAR, awsRegion VARCHAR, sourceIPAddress VARCHAR, userAgent VARCHAR, errorCode VARCHAR,
      errorMessage VARCHAR, requestID VARCHAR, sharedEventID VARCHAR, vpcEndpointId VARCHAR, readOnly BOOLEAN,
      managementEvent BOOLEAN, recipientAccountId VARCHAR,
      userIdentity STRUCT("type" VARCHAR, principalId VARCHAR, arn VARCHAR, accountId VARCHAR, accessKeyId VARCHAR,
        userName VARCHAR, invokedBy VARCHAR,
        sessionContext STRUCT(
          sessionIssuer STRUCT("type" VARCHAR, principalId VARCHAR, arn VARCHAR, accountId VARCHAR, userName VARCHAR),
          attributes STRUCT(creationDate VARCHAR, mfaAuthenticated VARCHAR))),
      tlsDetails STRUCT(tlsVersion VARCHAR, cipherSuite VARCHAR, clientProvidedHostHeader VARCHAR),
      requestParameters JSON, responseElements JSON, additionalEventData JSON, serviceEventDetails JSON,
      resources JSON)[]'})
  )
) TO 'FOLDER' (FORMAT parquet, COMPRESSION zstd, PARTITION_BY (account, day), OVERWRITE_OR_IGNORE);
