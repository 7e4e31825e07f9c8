//! Expressions of a template: parsed, checked, evaluated here for the numbers of the legend, and
//! spelt again for librrd's `CDEF`. Only what is in [`Op`] exists; unknown values behave as in
//! `rrdgraph_rpn(1)`.

use std::fmt::Write as _;

/// Some rows that follow each other: an operator is applied to all of them at once.
type Block = [f64; BLOCK];
const BLOCK: usize = 64;
const UNKNOWN: Block = [f64::NAN; BLOCK];

/// The most words an expression may have.
const MAX_WORDS: usize = 100;

/// One word of an expression.
#[derive(Debug, Clone, PartialEq)]
enum Word {
    Number(f64),
    /// Index of an earlier entry of the template's `data`.
    Data(usize),
    Op(Op),
}

macro_rules! ops {
    ($($name:ident $text:literal $takes:literal $gives:literal,)*) => {
        /// Operators, spelt as in `rrdgraph_rpn(1)`.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        enum Op { $($name,)* }
        impl Op {
            const ALL: &[Op] = &[$(Op::$name,)*];
            fn text(self) -> &'static str { match self { $(Op::$name => $text,)* } }
            /// How many values it takes from the stack and leaves on it.
            fn arity(self) -> (usize, usize) { match self { $(Op::$name => ($takes, $gives),)* } }
        }
    };
}

ops! {
    Add "+" 2 1, Sub "-" 2 1, Mul "*" 2 1, Div "/" 2 1, Rem "%" 2 1, AddNan "ADDNAN" 2 1,
    Min "MIN" 2 1, Max "MAX" 2 1, Abs "ABS" 1 1, Floor "FLOOR" 1 1, Ceil "CEIL" 1 1,
    Lt "LT" 2 1, Le "LE" 2 1, Gt "GT" 2 1, Ge "GE" 2 1, Eq "EQ" 2 1, Ne "NE" 2 1,
    Un "UN" 1 1, If "IF" 3 1, Unknown "UNKN" 0 1,
    Dup "DUP" 1 2, Pop "POP" 1 0, Exchange "EXC" 2 2,
}

/// A checked expression: evaluating it can neither fail nor leave more than one value.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Rpn(Vec<Word>);

impl Rpn {
    /// Parses comma-separated words; `names` are the data that may be used, by index.
    ///
    /// # Errors
    /// Says which word is wrong and what would be right.
    pub(crate) fn parse(text: &str, names: &[String]) -> Result<Self, String> {
        let mut words = Vec::new();
        let mut depth = 0_usize;
        for text in text.split(',').map(str::trim) {
            let word = if let Some(op) = Op::ALL.iter().find(|op| op.text() == text) {
                Word::Op(*op)
            } else if let Some(index) = names.iter().position(|name| name == text) {
                Word::Data(index)
            } else {
                Word::Number(number(text).ok_or_else(|| unknown_word(text, names))?)
            };
            let (takes, gives) = match word {
                Word::Op(op) => op.arity(),
                _ => (0, 1),
            };
            depth = depth
                .checked_sub(takes)
                .ok_or_else(|| format!("`{text}` needs {takes} values before it, there are {depth}"))?
                + gives;
            words.push(word);
            if words.len() > MAX_WORDS {
                return Err(format!("more than {MAX_WORDS} words; split it into several data"));
            }
        }
        if depth != 1 {
            return Err(format!("leaves {depth} values; it must leave exactly one"));
        }
        // librrd gives a variable its times from the data in it.
        if !words.iter().any(|word| matches!(word, Word::Data(_))) {
            return Err("uses no data; a constant is drawn by `hrule`".into());
        }
        Ok(Self(words))
    }

    /// The sum of these data, where what is unknown counts as nothing; none of no data.
    pub(crate) fn sum(data: &[usize]) -> Option<Self> {
        let (first, others) = data.split_first()?;
        let mut words = vec![Word::Data(*first)];
        for other in others {
            words.extend([Word::Data(*other), Word::Op(Op::AddNan)]);
        }
        Some(Self(words))
    }

    /// `of` divided by `per`, unknown where that is 0.
    pub(crate) fn mean(of: usize, per: usize) -> Self {
        let (gt, div, r#if) = (Word::Op(Op::Gt), Word::Op(Op::Div), Word::Op(Op::If));
        let quotient = [Word::Data(of), Word::Data(per), div, Word::Op(Op::Unknown), r#if];
        Self([Word::Data(per), Word::Number(0.0), gt].into_iter().chain(quotient).collect())
    }

    /// The data that it is computed from.
    pub(crate) fn uses(&self) -> impl Iterator<Item = usize> {
        self.0.iter().filter_map(|word| match word {
            Word::Data(index) => Some(*index),
            _ => None,
        })
    }

    /// The same of other data: `other` gives the index of an entry by that of the one which is used here.
    pub(crate) fn with(&self, mut other: impl FnMut(usize) -> usize) -> Self {
        let word = |word: &Word| match word {
            Word::Data(index) => Word::Data(other(*index)),
            word => word.clone(),
        };
        Self(self.0.iter().map(word).collect())
    }

    /// The values of `count` rows, NaN where unknown; `data` gives all rows of an entry by its index.
    pub(crate) fn rows<'d>(&self, count: usize, data: impl Fn(usize) -> &'d [f64]) -> Vec<f64> {
        let mut values = Vec::with_capacity(count);
        let mut stack: Vec<Block> = Vec::with_capacity(8);
        for first in (0..count).step_by(BLOCK) {
            let rows = first..count.min(first + BLOCK);
            stack.clear();
            for word in &self.0 {
                match word {
                    Word::Number(value) => stack.push([*value; BLOCK]),
                    Word::Data(index) => {
                        let mut block = UNKNOWN;
                        let known = data(*index).get(rows.clone()).unwrap_or_default();
                        block[..known.len()].copy_from_slice(known);
                        stack.push(block);
                    }
                    Word::Op(op) => apply(*op, &mut stack),
                }
            }
            values.extend_from_slice(&stack.pop().unwrap_or(UNKNOWN)[..rows.len()]);
        }
        values
    }

    /// The expression in librrd's words; `name` gives the variable of an entry by its index.
    pub(crate) fn to_librrd(&self, name: impl Fn(usize) -> String) -> String {
        let mut text = String::new();
        for (n, word) in self.0.iter().enumerate() {
            if n > 0 {
                text.push(',');
            }
            // Writing to a String cannot fail.
            let _ = match word {
                Word::Number(value) => write!(text, "{value}"),
                Word::Data(index) => write!(text, "{}", name(*index)),
                Word::Op(op) => write!(text, "{}", op.text()),
            };
        }
        text
    }
}

/// A plain decimal number: Rust would also read `inf` and `nan`, which are not meant.
fn number(text: &str) -> Option<f64> {
    text.bytes()
        .all(|b| b.is_ascii_digit() || b"+-.eE".contains(&b))
        .then(|| text.parse().ok())
        .flatten()
        .filter(|value: &f64| value.is_finite() && value.abs() < 1e18)
}

fn unknown_word(text: &str, names: &[String]) -> String {
    let ops: Vec<_> = Op::ALL.iter().map(|op| op.text()).collect();
    format!(
        "`{}` is neither a number, nor data defined above ({}), nor one of {}",
        super::text::excerpt(text),
        names.join(", "),
        ops.join(" ")
    )
}

fn apply(op: Op, stack: &mut Vec<Block>) {
    // `parse` has counted the values: the default is never taken.
    let mut pop = || stack.pop().unwrap_or(UNKNOWN);
    let is = |holds: bool| f64::from(u8::from(holds));
    // A comparison with the unknown is unknown, which `IF` takes for false.
    let compare = |a: f64, b: f64, holds: bool| if a.is_nan() || b.is_nan() { f64::NAN } else { is(holds) };
    let result = match op {
        Op::Unknown => UNKNOWN,
        Op::Abs => pop().map(f64::abs),
        Op::Floor => pop().map(f64::floor),
        Op::Ceil => pop().map(f64::ceil),
        Op::Un => pop().map(|a| is(a.is_nan())),
        Op::Pop => {
            pop();
            return;
        }
        Op::Dup => {
            let a = pop();
            stack.push(a);
            a
        }
        Op::Exchange => {
            let (b, a) = (pop(), pop());
            stack.push(b);
            a
        }
        Op::If => {
            let (otherwise, then, condition) = (pop(), pop(), pop());
            std::array::from_fn(|n| match condition[n].is_nan() || condition[n] == 0.0 {
                true => otherwise[n],
                false => then[n],
            })
        }
        _ => {
            let (b, a) = (pop(), pop());
            match op {
                Op::Add => both(a, b, |a, b| a + b),
                Op::Sub => both(a, b, |a, b| a - b),
                Op::Mul => both(a, b, |a, b| a * b),
                Op::Div => both(a, b, |a, b| a / b),
                Op::Rem => both(a, b, |a, b| a % b),
                Op::AddNan => both(a, b, |a, b| match (a.is_nan(), b.is_nan()) {
                    (true, _) => b,
                    (_, true) => a,
                    _ => a + b,
                }),
                Op::Lt => both(a, b, |a, b| compare(a, b, a < b)),
                Op::Le => both(a, b, |a, b| compare(a, b, a <= b)),
                Op::Gt => both(a, b, |a, b| compare(a, b, a > b)),
                Op::Ge => both(a, b, |a, b| compare(a, b, a >= b)),
                Op::Eq => both(a, b, |a, b| compare(a, b, a == b)),
                Op::Ne => both(a, b, |a, b| compare(a, b, a != b)),
                Op::Min => both(a, b, |a, b| if a.is_nan() || b.is_nan() { f64::NAN } else { a.min(b) }),
                _ => both(a, b, |a, b| if a.is_nan() || b.is_nan() { f64::NAN } else { a.max(b) }),
            }
        }
    };
    // Division by zero is not a value anybody could draw.
    stack.push(result.map(|value| if value.is_finite() { value } else { f64::NAN }));
}

/// What `of` gives for each row.
fn both(a: Block, b: Block, of: impl Fn(f64, f64) -> f64) -> Block {
    std::array::from_fn(|n| of(a[n], b[n]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names() -> Vec<String> {
        vec!["sum".into(), "n".into()]
    }

    fn eval(text: &str, values: [f64; 2]) -> f64 {
        Rpn::parse(text, &names()).unwrap().rows(1, |i| &values[i..=i])[0]
    }

    #[test]
    fn the_mean_of_nothing_is_zero_and_of_the_unknown_unknown() {
        let mean = "n,0,EQ,0,sum,n,/,IF";
        assert_eq!(eval(mean, [12.0, 4.0]), 3.0);
        assert_eq!(eval(mean, [0.0, 0.0]), 0.0);
        assert!(eval(mean, [f64::NAN, f64::NAN]).is_nan());
    }

    #[test]
    fn operators_take_their_values_in_order() {
        assert_eq!(eval("sum,n,-", [5.0, 3.0]), 2.0);
        assert_eq!(eval("sum,n,EXC,-", [5.0, 3.0]), -2.0);
        assert_eq!(eval("sum,DUP,*,n,POP", [5.0, 3.0]), 25.0);
        assert_eq!(eval("sum,n,ADDNAN", [5.0, f64::NAN]), 5.0);
        assert_eq!(eval("sum,UN,7,sum,IF", [f64::NAN, 0.0]), 7.0);
        assert!(eval("sum,n,/", [5.0, 0.0]).is_nan());
        assert!(eval("sum,n,MAX", [5.0, f64::NAN]).is_nan());
    }

    #[test]
    fn every_row_has_its_own_value_however_many_there_are() {
        let mean = Rpn::parse("n,0,EQ,0,sum,n,/,IF", &names()).unwrap();
        for count in [0, 1, 63, 64, 65, 200] {
            let sum: Vec<f64> = (0..count).map(|row| f64::from(row) * 3.0).collect();
            let n: Vec<f64> = (0..count).map(|row| f64::from(row % 7)).collect();
            let expected: Vec<f64> =
                sum.iter().zip(&n).map(|(sum, n)| if *n == 0.0 { 0.0 } else { sum / n }).collect();
            let of = |data: usize| [sum.as_slice(), n.as_slice()][data];
            assert_eq!(mean.rows(sum.len(), of), expected, "{count}");
        }
    }

    #[test]
    fn librrd_gets_our_words_only() {
        let rpn = Rpn::parse(" n, 0 ,EQ,0,sum,n,/,IF", &names()).unwrap();
        assert_eq!(rpn.to_librrd(|i| format!("d{i}")), "d1,0,EQ,0,d0,d1,/,IF");
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (text, part) in [
            ("sum,x", "`x` is neither"),
            ("sum,+", "`+` needs 2 values"),
            ("sum,n", "leaves 2"),
            ("", "`` is neither"),
            ("inf", "`inf` is neither"),
            ("sum:LINE1:n", "neither"),
            ("TIME", "neither"),
            ("1e300,1e300,*", "neither"),
            ("1,2,+", "uses no data"),
        ] {
            let error = Rpn::parse(text, &names()).unwrap_err();
            assert!(error.contains(part), "{text}: {error}");
        }
        let long = vec!["sum"; 200].join(",");
        assert!(Rpn::parse(&long, &names()).unwrap_err().contains("more than"));
    }
}
