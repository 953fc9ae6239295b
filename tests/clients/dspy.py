"""DSPy: a signature, a chain of thought, an agent with a tool, embeddings."""

import os
import sys

# This file's own name is that of the package.
sys.path.pop(0)
# LiteLLM, which it calls, would fetch its list of prices.
os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"

import dspy

dspy.configure(lm=dspy.LM("openai/gpt-4o-mini", cache=False))


class Weather(dspy.Signature):
    """Say which city a report is about, and how warm it is there."""

    report: str = dspy.InputField()
    city: str = dspy.OutputField()
    degrees: int = dspy.OutputField()


answer = dspy.Predict(Weather)(report="The weather in Rome: 21 degrees")
assert isinstance(answer.city, str), answer
assert isinstance(answer.degrees, int), answer
print("signatures")

with dspy.context(adapter=dspy.JSONAdapter()):
    shaped = dspy.Predict(Weather)(report="The weather in Rome: 21 degrees")
    assert isinstance(shaped.degrees, int), shaped
print("signatures in JSON")

thought = dspy.ChainOfThought("question -> answer")(question="Say one two three")
assert thought.answer, thought
assert thought.reasoning, thought
print("chain of thought")

responses = dspy.LM("openai/gpt-4o-mini", model_type="responses", cache=False)
assert "One two three" in str(responses("Say one two three")), responses
print("responses")

embed = dspy.Embedder("openai/text-embedding-3-small", caching=False)
assert embed(["a", "b"]).shape == (2, 1536)
print("embeddings")
