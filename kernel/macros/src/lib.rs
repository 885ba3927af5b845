//! `#[export]`: gives a function or static its C name in the kernel, and only there.
//!
//! On the host, where `cargo test` runs, an exported `malloc` would replace the one the test
//! program itself runs on. So the attribute takes effect under `cfg(kernel)` alone.

use proc_macro::{Delimiter, Group, Ident, Literal, Punct, Spacing, Span, TokenStream, TokenTree};

/// Exports the item under its own name, or under `#[export("name")]`.
///
/// Expands to `#[cfg_attr(kernel, unsafe(export_name = "..."))]`. A second version of a symbol is
/// exported as `name@VERSION` spelled with a dot: `#[export("realpath.GLIBC_2.2.5")]`.
///
/// `#[export(cancellable)]`: a thread that was cancelled while the function waited ends when the
/// function is over and has given back its locks, by `crate::stdio::system::leave`. That is done in a
/// function of its own, so that the kernel's own calls, which may hold locks, do not end there.
#[proc_macro_attribute]
pub fn export(arguments: TokenStream, item: TokenStream) -> TokenStream {
    let argument = arguments.into_iter().next();
    let cancellable = matches!(&argument, Some(TokenTree::Ident(word)) if word.to_string() == "cancellable");
    let name = match argument {
        Some(TokenTree::Literal(literal)) => literal,
        _ => match item_name(&item) {
            Some(name) => Literal::string(&name),
            None => return error("#[export] goes on a function or a static"),
        },
    };
    let mut output = attribute(name);
    if !cancellable {
        output.extend(item);
        return output;
    }
    match Function::of(&item) {
        Some(function) if function.variadic => output.extend(function.ending()),
        Some(function) => {
            output = item;
            output.extend(function.entrance());
        }
        None => return error("#[export(cancellable)] goes on an `extern \"C\"` function"),
    }
    output
}

/// The parts of a function item.
struct Function {
    /// All before the name, with `extern "C-unwind"`.
    head: TokenStream,
    name: Ident,
    parameters: Group,
    /// The names of the parameters.
    arguments: Vec<Ident>,
    variadic: bool,
    /// `-> …`, if it is there.
    result: TokenStream,
    body: Group,
}

impl Function {
    fn of(item: &TokenStream) -> Option<Self> {
        let mut head = TokenStream::new();
        let mut tokens = item.clone().into_iter();
        loop {
            match tokens.next()? {
                TokenTree::Literal(abi) if abi.to_string() == "\"C\"" => {
                    head.extend([TokenTree::Literal(Literal::string("C-unwind"))]);
                }
                TokenTree::Ident(word) if word.to_string() == "fn" => break,
                token => head.extend([token]),
            }
        }
        let TokenTree::Ident(name) = tokens.next()? else { return None };
        let TokenTree::Group(parameters) = tokens.next()? else { return None };
        let mut rest: Vec<TokenTree> = tokens.collect();
        let TokenTree::Group(body) = rest.pop()? else { return None };
        let listed: Vec<TokenTree> = parameters.stream().into_iter().collect();
        let named = listed.windows(2).filter_map(|pair| match pair {
            [TokenTree::Ident(name), TokenTree::Punct(colon)]
                if colon.as_char() == ':' && colon.spacing() == Spacing::Alone =>
            {
                Some(name.clone())
            }
            _ => None,
        });
        let arguments = named.collect();
        let variadic = matches!(listed.as_slice(), [.., TokenTree::Punct(last)] if last.as_char() == '.')
            || matches!(listed.as_slice(), [.., TokenTree::Punct(dot), TokenTree::Punct(comma)]
                if dot.as_char() == '.' && comma.as_char() == ',');
        let result = rest.into_iter().collect();
        Some(Self { head, name, parameters, arguments, variadic, result, body })
    }

    /// The function itself, which leaves at its end: what takes any arguments cannot be called by
    /// another that does.
    fn ending(self) -> TokenStream {
        let Self { mut head, name, parameters, result, body, .. } = self;
        head.extend([ident("fn"), name.into(), parameters.into()]);
        head.extend(result);
        head.extend([leaving(TokenTree::from(body).into())]);
        head
    }

    /// The function that programs call in the place of this one.
    fn entrance(self) -> TokenStream {
        let Self { name, parameters, arguments, result, .. } = self;
        let arguments: Vec<String> = arguments.iter().map(Ident::to_string).collect();
        let call = code(&format!("{name}({})", arguments.join(", ")));
        let call: TokenStream = [ident("unsafe"), group(Delimiter::Brace, call)].into_iter().collect();
        let export = format!("#[unsafe(export_name = \"{name}\")] unsafe extern \"C-unwind\" fn entrance");
        let mut function = code(&export);
        // Bindings need not be mutable here.
        let mut before = ",".to_string();
        let parameters = parameters.stream().into_iter().filter(|token| {
            let after = core::mem::replace(&mut before, token.to_string());
            !(after == "," && before == "mut")
        });
        function.extend([group(Delimiter::Parenthesis, parameters)]);
        function.extend(result);
        function.extend([leaving(call)]);
        let mut item = code("#[cfg(kernel)] const _: () =");
        item.extend([group(Delimiter::Brace, function)]);
        item.extend(code(";"));
        item
    }
}

fn code(text: &str) -> TokenStream {
    text.parse().expect("what is written here is Rust")
}

/// A body that gives what `value` does, but may end the thread before.
fn leaving(value: TokenStream) -> TokenTree {
    let mut body = code("let result =");
    body.extend(value);
    body.extend(code("; crate::stdio::system::leave(); result"));
    group(Delimiter::Brace, body)
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
