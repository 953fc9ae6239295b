"""Haystack: a chat generator with streams and a tool, embeddings, pictures, a pipeline that retrieves."""

import sys

# This file's own name is that of the package.
sys.path.pop(0)

from haystack import Document, Pipeline
from haystack.components.builders import ChatPromptBuilder
from haystack.components.embedders import OpenAIDocumentEmbedder, OpenAITextEmbedder
from haystack.components.generators import OpenAIImageGenerator
from haystack.components.generators.chat import OpenAIChatGenerator, OpenAIResponsesChatGenerator
from haystack.components.retrievers.in_memory import InMemoryEmbeddingRetriever
from haystack.dataclasses import ChatMessage, StreamingChunk
from haystack.document_stores.in_memory import InMemoryDocumentStore
from haystack.tools import tool

said = ChatMessage.from_user("Say one two three")
for generator in (OpenAIChatGenerator(model="gpt-4o-mini"), OpenAIResponsesChatGenerator(model="gpt-4o-mini")):
    (reply,) = generator.run([said])["replies"]
    assert reply.text == "One two three", reply
print("chat")
print("responses")

pieces: list[StreamingChunk] = []
OpenAIChatGenerator(model="gpt-4o-mini", streaming_callback=pieces.append).run([said])
assert "".join(piece.content for piece in pieces) == "One two three", pieces
assert len(pieces) > 2
print("stream")


@tool
def get_weather(city: str) -> str:
    """Tell the weather of a city."""
    return f"It is sunny in {city}, 21 degrees."


asker = OpenAIChatGenerator(model="gpt-4o-mini", tools=[get_weather])
asked = [ChatMessage.from_user("What is the weather in Paris?")]
(call,) = asker.run(asked)["replies"]
(wanted,) = call.tool_calls
assert (wanted.tool_name, wanted.arguments) == ("get_weather", {"city": "Paris"}), wanted
result = ChatMessage.from_tool(get_weather.invoke(**wanted.arguments), origin=wanted)
(told,) = asker.run([*asked, call, result])["replies"]
assert "21" in (told.text or ""), told
print("tools")

store = InMemoryDocumentStore(embedding_similarity_function="cosine")
texts = ["The kite of Anna is red.", "Shipping takes three days.", "The office opens at nine."]
store.write_documents(OpenAIDocumentEmbedder().run([Document(content=text) for text in texts])["documents"])
pipeline = Pipeline()
pipeline.add_component("embed", OpenAITextEmbedder())
pipeline.add_component("retrieve", InMemoryEmbeddingRetriever(store, top_k=1))
template = [ChatMessage.from_user("{{ documents[0].content }} Which colour has the kite?")]
pipeline.add_component("prompt", ChatPromptBuilder(template=template, required_variables="*"))
pipeline.add_component("model", OpenAIChatGenerator(model="gpt-4o-mini"))
pipeline.connect("embed.embedding", "retrieve.query_embedding")
pipeline.connect("retrieve.documents", "prompt.documents")
pipeline.connect("prompt.prompt", "model.messages")
made = pipeline.run({"embed": {"text": "Which colour is the kite?"}}, include_outputs_from={"retrieve"})
assert made["retrieve"]["documents"][0].content == texts[0], made
assert made["model"]["replies"][0].text
print("a retrieving pipeline")

pictures = OpenAIImageGenerator(model="gpt-image-1-mini", quality="low").run(prompt="a red kite")
assert len(pictures["images"][0]) > 1000
print("images")
