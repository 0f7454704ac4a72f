//! Bytes to an AST, as nginx's own tokenizer reads them.
//!
//! It owns the grammar: words, quotes, escapes, comments, blocks, and the Lua inside
//! `*_by_lua_block`. It reads [`crate::source`] for spans, knows no directive by its meaning, and
//! never stops at an error: what is wrong is noted where a person would point at, and the rest of
//! the file is still read.
//!
//! nginx: `ngx_conf_read_token` in src/core/ngx_conf_file.c.

mod ast;
mod error;
mod lexer;
mod lua;
mod parser;
mod repair;

#[cfg(test)]
mod tests;

pub use ast::{Ast, Comment, NodeId, NodeKind, Word};
pub use error::{SyntaxError, SyntaxErrorKind};
pub use parser::parse;
