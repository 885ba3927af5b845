//! `#[export]`: gives a function or static its C name in the kernel, and only there.
//!
//! On the host, where `cargo test` runs, an exported `malloc` would replace the one the test
//! program itself runs on. So the attribute takes effect under `cfg(kernel)` alone.

use proc_macro::{Delimiter, Group, Ident, Literal, Punct, Spacing, Span, TokenStream, TokenTree};

/// Exports the item under its own name, or under `#[export("name")]`.
///
/// Expands to `#[cfg_attr(kernel, unsafe(export_name = "..."))]`. A second version of a symbol is
/// exported as `name@VERSION` spelled with a dot: `#[export("realpath.GLIBC_2.2.5")]`.
#[proc_macro_attribute]
pub fn export(arguments: TokenStream, item: TokenStream) -> TokenStream {
    let name = match arguments.into_iter().next() {
        Some(TokenTree::Literal(literal)) => literal,
        _ => match item_name(&item) {
            Some(name) => Literal::string(&name),
            None => return error("#[export] goes on a function or a static"),
        },
    };
    let mut output = attribute(name);
    output.extend(item);
    output
}

/// The identifier that follows `fn` or `static` (`static mut` is refused by the edition's lints).
fn item_name(item: &TokenStream) -> Option<String> {
    let mut tokens = item.clone().into_iter();
    tokens
        .find(|token| matches!(token, TokenTree::Ident(i) if ["fn", "static"].contains(&&*i.to_string())))?;
    match tokens.next()? {
        TokenTree::Ident(name) => Some(name.to_string().trim_start_matches("r#").to_owned()),
        _ => None,
    }
}

fn ident(name: &str) -> TokenTree {
    Ident::new(name, Span::call_site()).into()
}

fn group(delimiter: Delimiter, tokens: impl IntoIterator<Item = TokenTree>) -> TokenTree {
    Group::new(delimiter, tokens.into_iter().collect()).into()
}

fn attribute(name: Literal) -> TokenStream {
    let export_name = [ident("export_name"), Punct::new('=', Spacing::Alone).into(), name.into()];
    let condition = [
        ident("kernel"),
        Punct::new(',', Spacing::Alone).into(),
        ident("unsafe"),
        group(Delimiter::Parenthesis, export_name),
    ];
    let body = [ident("cfg_attr"), group(Delimiter::Parenthesis, condition)];
    [Punct::new('#', Spacing::Alone).into(), group(Delimiter::Bracket, body)].into_iter().collect()
}

fn error(message: &str) -> TokenStream {
    format!("compile_error!({message:?});").parse().expect("a literal is valid Rust")
}
