//! Starting and ending activities.
