//! Tencent Cloud Auto Scaling API 3.0 (2018-04-19).
