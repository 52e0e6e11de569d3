//! What every dialect shares: parameter tree and decoder, writers, signature checks, paging.
