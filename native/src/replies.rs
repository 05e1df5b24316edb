//! Probability -> reply. There are only 202, which Python makes: `Replies` in `service/api/contract.py`.

pub struct Replies {
    threshold: f64,
    bodies: Vec<Vec<u8>>,
    tails: Vec<Vec<u8>>,
}

const PERCENTS: usize = 101;

impl Replies {
    /// `low` and `high` hold a body for each percent; above `threshold` a flight has the high one.
    pub fn new(threshold: f64, low: Vec<Vec<u8>>, high: Vec<Vec<u8>>) -> Result<Self, &'static str> {
        if low.len() != PERCENTS || high.len() != PERCENTS {
            return Err("there is a body for each of 101 percents");
        }
        let bodies: Vec<Vec<u8>> = low.into_iter().chain(high).collect();
        let tails = bodies.iter().map(|body| tail(body)).collect();
        Ok(Self { threshold, bodies, tails })
    }

    /// The number of the reply to each row of the model's output, float32 [N, 2] in this machine's bytes.
    pub fn numbers(&self, probabilities: &[u8]) -> Result<Vec<u8>, &'static str> {
        let pairs = probabilities.chunks_exact(8);
        if !pairs.remainder().is_empty() {
            return Err("the model gives a pair of float32 for each row");
        }
        pairs.map(|pair| self.number(f32::from_ne_bytes([pair[4], pair[5], pair[6], pair[7]]).into())).collect()
    }

    fn number(&self, probability: f64) -> Result<u8, &'static str> {
        let percent = (probability * 100.0).round_ties_even();
        if !(0.0..=100.0).contains(&percent) {
            return Err("the model gave what is no probability");
        }
        let from = if probability > self.threshold { PERCENTS } else { 0 };
        Ok(from as u8 + percent as u8)
    }

    pub fn body(&self, number: u8) -> &[u8] {
        &self.bodies[number as usize]
    }

    /// The last header, and the body.
    pub fn tail(&self, number: u8) -> &[u8] {
        &self.tails[number as usize]
    }
}

fn tail(body: &[u8]) -> Vec<u8> {
    [format!("content-length: {}\r\n\r\n", body.len()).as_bytes(), body].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_probability_is_rounded_as_python_rounds() {
        let bodies = |name: &str| (0..101).map(|percent| format!("{name}{percent}").into_bytes()).collect();
        let replies = Replies::new(0.25, bodies("low"), bodies("high")).unwrap();
        for (probability, expected) in
            [(0.0, "low0"), (0.125, "low12"), (0.25, "low25"), (0.375, "high38"), (1.0, "high100")]
        {
            let number = replies.number(probability).unwrap();
            assert_eq!(replies.body(number), expected.as_bytes());
        }
        assert!(replies.number(f64::NAN).is_err());
        assert!(replies.number(1.1).is_err());
    }
}
