//! Calls of the cloud with a time limit.

use std::time::Duration;

use super::Error;

/// A call with a time limit, its answer unwrapped.
pub(super) async fn with_time_limit<T>(
    limit: Duration,
    call: impl Future<Output = Result<tonic::Response<T>, tonic::Status>>,
) -> Result<T, Error> {
    let answer = tokio::time::timeout(limit, call).await.map_err(|_| Error::LinkLost)?;
    Ok(answer?.into_inner())
}
