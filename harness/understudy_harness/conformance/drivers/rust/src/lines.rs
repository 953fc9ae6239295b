//! The lines of the protocol: this file knows nothing about any client.

use std::collections::HashMap;
use std::future::Future;
use std::io::Write;
use std::sync::{Arc, Mutex};

use serde_json::{json, Map, Value};
use sha2::{Digest, Sha256};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::sync::oneshot;

/// A run line, and what an application has seen of its call so far.
pub struct Run {
    line: Value,
    choices: Mutex<Vec<Map<String, Value>>>,
    pictures: Mutex<Vec<Value>>,
}

impl Run {
    pub fn op(&self) -> &str {
        self.line["op"].as_str().unwrap_or_default()
    }

    pub fn text(&self, name: &str) -> String {
        self.line[name].as_str().unwrap_or_default().to_owned()
    }

    pub fn option(&self, name: &str) -> &Value {
        &self.line["options"][name]
    }

    pub fn input(&self) -> Value {
        self.line["input"].clone()
    }

    pub fn say(&self, mut line: Value) {
        line["seq"] = self.line["seq"].clone();
        write(&line);
    }

    /// Changes what was seen of a choice.
    pub fn choice(&self, index: usize, change: impl FnOnce(&mut Map<String, Value>)) {
        let mut choices = self.choices.lock().unwrap();
        while choices.len() <= index {
            choices.push(Map::from_iter([("text".into(), json!(""))]));
        }
        change(&mut choices[index]);
    }

    pub fn delta(&self, text: &str, index: usize) {
        self.choice(index, |choice| append(&mut choice["text"], text));
        if !text.is_empty() {
            self.say(json!({"event": "delta", "index": index, "text": text}));
        }
    }

    pub fn picture(&self, data: &[u8], index: usize) {
        self.pictures.lock().unwrap().push(json!({"sha256": hash(data), "partial": index}));
        self.say(json!({"event": "picture", "index": index, "sha256": hash(data)}));
    }

    pub fn choices(&self) -> Value {
        json!(*self.choices.lock().unwrap())
    }

    fn partial(&self) -> Value {
        json!({"choices": self.choices(), "pictures": *self.pictures.lock().unwrap()})
    }
}

/// Adds to a text.
pub fn append(text: &mut Value, more: &str) {
    *text = json!(format!("{}{more}", text.as_str().unwrap_or_default()));
}

pub fn hash(data: &[u8]) -> String {
    Sha256::digest(data).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn write(line: &Value) {
    let mut output = std::io::stdout().lock();
    writeln!(output, "{line}").and_then(|()| output.flush()).expect("standard output is open");
}

/// Speaks the protocol until `stop` or the end of standard input.
///
/// `call` makes the call of a run: the fields of its result, or those of what the client returned as an error.
pub async fn serve<C, F>(introduction: Value, call: C)
where
    C: Fn(Arc<Run>) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = Result<Value, Value>> + Send,
{
    let mut lines = BufReader::new(tokio::io::stdin()).lines();
    let mut cancels: HashMap<String, oneshot::Sender<()>> = HashMap::new();
    while let Ok(Some(line)) = lines.next_line().await {
        let line: Value = serde_json::from_str(&line).expect("a line of the protocol");
        match line["cmd"].as_str() {
            Some("hello") => write(&introduction),
            Some("run") => {
                let (cancel, cancelled) = oneshot::channel();
                cancels.insert(line["seq"].to_string(), cancel);
                let run = Arc::new(Run { line, choices: Mutex::default(), pictures: Mutex::default() });
                let call = call.clone();
                tokio::spawn(async move {
                    let ended = tokio::select! {
                        ended = call(run.clone()) => ended,
                        // Who gives a call up in Rust drops its future.
                        Ok(()) = cancelled => Err(json!({"kind": "cancelled"})),
                    };
                    match ended {
                        Ok(result) => run.say(json!({"result": result})),
                        Err(mut error) => {
                            error["partial"] = run.partial();
                            run.say(json!({"error": error}));
                        }
                    }
                });
            }
            Some("cancel") => {
                if let Some(cancel) = cancels.remove(&line["seq"].to_string()) {
                    let _ = cancel.send(());
                }
            }
            Some("stop") => return,
            _ => {}
        }
    }
}
