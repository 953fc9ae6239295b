//! Driver for async-openai, the usual client in Rust. It does what an application would do and nothing more: no retries,
//! no timeouts and no parsing of its own.
//!
//!     cargo build && target/debug/understudy-driver

mod lines;

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;

use async_openai::config::OpenAIConfig;
use async_openai::error::OpenAIError;
use async_openai::middleware::{retry::OpenAIRetryLayer, ReqwestService};
use async_openai::types::audio::CreateSpeechRequest;
use async_openai::types::chat::{ChatCompletionMessageToolCalls, CreateChatCompletionRequest, FinishReason};
use async_openai::types::embeddings::CreateEmbeddingRequest;
use async_openai::types::images::{
    CreateImageEditRequestArgs, CreateImageRequest, Image, ImageEditInput, ImageGenStreamEvent, ImageInput, ImagesResponse,
};
use async_openai::types::responses::{CreateResponse, ResponseStreamEvent};
use async_openai::types::InputSource;
use async_openai::Client;
use base64::Engine;
use futures::StreamExt;
use serde::de::DeserializeOwned;
use serde_json::{json, Value};
use tower::Layer;

use lines::{append, hash, serve, Run};

type Made = Client<OpenAIConfig>;

static KEPT: LazyLock<Mutex<HashMap<String, Made>>> = LazyLock::new(Mutex::default);

/// What ends a run: an error of the client, or one that it hands over as an event.
enum Failed {
    Client(OpenAIError),
    Response { code: String, message: String },
}

impl From<OpenAIError> for Failed {
    fn from(error: OpenAIError) -> Self {
        Self::Client(error)
    }
}

/// A client as the run wants it: a fresh one with connections of its own, or one that is kept.
fn connect(run: &Run) -> Made {
    let reuse = run.option("reuse").as_str();
    if let Some(client) = reuse.and_then(|name| KEPT.lock().unwrap().get(name).cloned()) {
        return client;
    }
    let mut config = OpenAIConfig::new().with_api_base(run.text("base_url")).with_api_key(run.text("api_key"));
    if let Some(organization) = run.option("organization").as_str() {
        config = config.with_org_id(organization);
    }
    if let Some(project) = run.option("project").as_str() {
        config = config.with_project_id(project);
    }
    let mut client = Client::with_config(config);
    let (seconds, retries) = (run.option("timeout_s").as_f64(), run.option("retries").as_u64());
    if seconds.is_some() || retries.is_some() {
        // Both are set below the client: it takes any service that sends requests.
        let timed = seconds.map(|seconds| reqwest::Client::builder().timeout(Duration::from_secs_f64(seconds)));
        let http = timed.map_or_else(reqwest::Client::new, |made| made.build().expect("a client with a timeout"));
        let layer = retries.map_or_else(OpenAIRetryLayer::default, |most| OpenAIRetryLayer::new(most as usize));
        client = client.with_http_service(layer.layer(ReqwestService::new(http)));
    }
    if let Some(name) = reuse {
        KEPT.lock().unwrap().insert(name.to_owned(), client.clone());
    }
    client
}

/// The input as the client's own type.
fn typed<T: DeserializeOwned>(input: Value) -> Result<T, Failed> {
    serde_json::from_value(input).map_err(|error| OpenAIError::InvalidArgument(error.to_string()).into())
}

fn finish(reason: Option<FinishReason>) -> Value {
    json!(reason)
}

async fn chat(client: Made, run: &Run) -> Result<Value, Failed> {
    let request: CreateChatCompletionRequest = typed(run.input())?;
    let completion = client.chat().create(request).await?;
    let choices = completion.choices.into_iter().map(|one| {
        let calls = one.message.tool_calls.unwrap_or_default().into_iter().filter_map(|made| match made {
            ChatCompletionMessageToolCalls::Function(made) => {
                Some(json!({"id": made.id, "name": made.function.name, "arguments": made.function.arguments}))
            }
            ChatCompletionMessageToolCalls::Custom(_) => None,
        });
        json!({"text": one.message.content, "refusal": one.message.refusal, "finish": finish(one.finish_reason),
               "tool_calls": calls.collect::<Vec<_>>()})
    });
    let choices: Vec<Value> = choices.collect();
    let usage = completion.usage.map(|counts| json!({"in": counts.prompt_tokens, "out": counts.completion_tokens}));
    Ok(json!({"choices": choices, "usage": usage}))
}

async fn stream(client: Made, run: &Run) -> Result<Value, Failed> {
    let request: CreateChatCompletionRequest = typed(run.input())?;
    let mut usage = Value::Null;
    let mut chunks = client.chat().create_stream(request).await?;
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk?;
        if let Some(counts) = chunk.usage {
            usage = json!({"in": counts.prompt_tokens, "out": counts.completion_tokens});
        }
        for choice in chunk.choices {
            let index = choice.index as usize;
            run.delta(&choice.delta.content.unwrap_or_default(), index);
            run.choice(index, |seen| {
                if choice.finish_reason.is_some() {
                    seen.insert("finish".into(), finish(choice.finish_reason));
                }
                if let Some(refusal) = choice.delta.refusal {
                    append(seen.entry("refusal").or_insert(Value::Null), &refusal);
                }
            });
        }
    }
    Ok(json!({"choices": run.choices(), "usage": usage}))
}

async fn responses(client: Made, run: &Run) -> Result<Value, Failed> {
    let mut request: CreateResponse = typed(run.input())?;
    request.stream = Some(true);
    let mut usage = Value::Null;
    let mut events = client.responses().create_stream(request).await?;
    while let Some(event) = events.next().await {
        let ended = match event? {
            ResponseStreamEvent::ResponseOutputTextDelta(event) => {
                run.delta(&event.delta, 0);
                continue;
            }
            ResponseStreamEvent::ResponseRefusalDone(event) => {
                run.choice(0, |seen| drop(seen.insert("refusal".into(), json!(event.refusal))));
                continue;
            }
            ResponseStreamEvent::ResponseError(event) => {
                return Err(Failed::Response { code: event.code.unwrap_or_default(), message: event.message });
            }
            ResponseStreamEvent::ResponseFailed(event) => {
                let error = json!(event.response.error);
                let text = |name: &str| error[name].as_str().unwrap_or_default().to_owned();
                return Err(Failed::Response { code: text("code"), message: text("message") });
            }
            ResponseStreamEvent::ResponseCompleted(event) => event.response,
            ResponseStreamEvent::ResponseIncomplete(event) => event.response,
            _ => continue,
        };
        let reason = ended.incomplete_details.map_or_else(|| json!(ended.status), |details| json!(details.reason));
        let word = match reason.as_str() {
            Some("completed") => json!("stop"),
            Some("max_output_tokens") => json!("length"),
            _ => reason,
        };
        run.choice(0, |seen| drop(seen.insert("finish".into(), word)));
        usage = ended.usage.map_or(Value::Null, |counts| json!({"in": counts.input_tokens, "out": counts.output_tokens}));
    }
    Ok(json!({"choices": run.choices(), "usage": usage}))
}

fn decoded(text: &str) -> Vec<u8> {
    base64::engine::general_purpose::STANDARD.decode(text).expect("base64")
}

fn pictures(answer: ImagesResponse) -> Value {
    let told = answer.data.iter().map(|one| match &**one {
        Image::Url { url, .. } => json!({"url": url}),
        Image::B64Json { b64_json, .. } => json!({"sha256": hash(&decoded(b64_json))}),
    });
    json!({"pictures": told.collect::<Vec<_>>()})
}

async fn image(client: Made, run: &Run) -> Result<Value, Failed> {
    let request: CreateImageRequest = typed(run.input())?;
    Ok(pictures(client.images().generate(request).await?))
}

async fn image_stream(client: Made, run: &Run) -> Result<Value, Failed> {
    let request: CreateImageRequest = typed(run.input())?;
    let mut last = vec![];
    let mut events = client.images().generate_stream(request).await?;
    while let Some(event) = events.next().await {
        match event? {
            ImageGenStreamEvent::PartialImage(event) => {
                run.picture(&decoded(&event.b64_json), event.partial_image_index as usize);
            }
            ImageGenStreamEvent::Completed(event) => last.push(json!({"sha256": hash(&decoded(&event.b64_json))})),
        }
    }
    Ok(json!({"pictures": last}))
}

async fn image_edit(client: Made, run: &Run) -> Result<Value, Failed> {
    let input = run.input();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let files = input["images"].as_array().into_iter().flatten().map(|one| ImageInput {
        source: InputSource::VecU8 { filename: text(&one["name"]), vec: decoded(&text(&one["content"])) },
    });
    let request = CreateImageEditRequestArgs::default()
        .image(ImageEditInput::Images(files.collect()))
        .prompt(text(&input["prompt"]))
        .model(typed::<async_openai::types::images::ImageModel>(input["model"].clone())?)
        .build()?;
    Ok(pictures(client.images().edit(request).await?))
}

async fn embed(client: Made, run: &Run) -> Result<Value, Failed> {
    let request: CreateEmbeddingRequest = typed(run.input())?;
    let answer = client.embeddings().create(request).await?;
    let vectors: Vec<_> = answer.data.into_iter().map(|one| one.embedding).collect();
    Ok(json!({"vectors": vectors, "usage": {"in": answer.usage.prompt_tokens}}))
}

async fn speech(client: Made, run: &Run) -> Result<Value, Failed> {
    let request: CreateSpeechRequest = typed(run.input())?;
    Ok(json!({"bytes_sha256": hash(&client.audio().speech().create(request).await?.bytes)}))
}

fn kind_of_code(code: &str, otherwise: &str) -> String {
    match code {
        "insufficient_quota" => "quota",
        "rate_limit_exceeded" => "rate_limit",
        "server_error" => "server",
        _ => otherwise,
    }
    .to_owned()
}

fn kind_of_status(status: u16, code: &str) -> String {
    match status {
        429 => kind_of_code(code, "rate_limit"),
        400 | 422 => "bad_request".into(),
        401 => "auth".into(),
        403 => "permission".into(),
        404 => "not_found".into(),
        408 => "timeout".into(),
        500.. => "server".into(),
        _ => "other".into(),
    }
}

/// Describes what the client returned.
fn describe(failed: Failed) -> Value {
    let error = match failed {
        Failed::Response { code, message } => {
            return json!({"kind": kind_of_code(&code, "server"), "code": code, "message": message});
        }
        Failed::Client(error) => error,
    };
    let mut told = json!({"message": error.to_string(), "debug": format!("{error:?}")});
    let (kind, name) = match &error {
        OpenAIError::Reqwest(error) if error.is_timeout() => ("timeout".into(), "Reqwest"),
        OpenAIError::Reqwest(error) if error.is_decode() && !error.is_body() => ("protocol".into(), "Reqwest"),
        OpenAIError::Reqwest(_) => ("connection".into(), "Reqwest"),
        OpenAIError::ApiError(answer) => {
            let code = answer.api_error.code.clone().unwrap_or_default();
            let status = answer.status_code.as_u16();
            told["status"] = json!(status);
            told["code"] = json!(answer.api_error.code);
            let kind = if status < 400 { kind_of_code(&code, "protocol") } else { kind_of_status(status, &code) };
            (kind, "ApiError")
        }
        OpenAIError::JSONDeserialize(..) => ("protocol".into(), "JSONDeserialize"),
        OpenAIError::StreamError(_) => ("connection".into(), "StreamError"),
        OpenAIError::InvalidArgument(_) => ("bad_request".into(), "InvalidArgument"),
        _ => ("other".into(), "OpenAIError"),
    };
    told["kind"] = json!(kind);
    told["type"] = json!(name);
    told
}

async fn call(run: Arc<Run>) -> Result<Value, Value> {
    let client = connect(&run);
    let ended = match run.op() {
        "chat" => chat(client, &run).await,
        "stream" => stream(client, &run).await,
        "responses" => responses(client, &run).await,
        "image" => image(client, &run).await,
        "image.stream" => image_stream(client, &run).await,
        "image.edit" => image_edit(client, &run).await,
        "embed" => embed(client, &run).await,
        "speech" => speech(client, &run).await,
        other => panic!("{other} was not offered"),
    };
    ended.map_err(describe)
}

#[tokio::main]
async fn main() {
    let introduction = json!({
        "client": {
            "name": "async-openai", "version": "0.43.0", "language": "Rust", "http": "reqwest",
            "homepage": "https://github.com/64bit/async-openai", "issues": "https://github.com/64bit/async-openai/issues",
        },
        "ops": ["chat", "stream", "responses", "image", "image.stream", "image.edit", "embed", "speech"],
        // No `tools`: it has no helper that puts streamed calls together, and what a program does itself is not judged.
        "can": ["cancel", "parallel", "timeout", "retries", "n", "headers", "reuse"],
        // The timeout of reqwest ends the whole call.
        "declares": {"total_timeout": true},
    });
    serve(introduction, call).await;
    // Calls that are still under way end with the program.
    std::process::exit(0);
}
