//! Tables of what nginx does.
