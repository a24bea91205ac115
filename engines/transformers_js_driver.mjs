// Asks the real transformers.js, in Node, what it makes of a folder, for the tests of phiquant:
//   node transformers_js_driver.mjs ENGINE_FOLDER MODEL_FOLDER COUNT QUESTION TEXT
// Prints a JSON object: the prompt that a question becomes, its answer, and what follows a text, COUNT tokens at most,
// each the likeliest.
import { createRequire } from "node:module";
import path from "node:path";
import { pathToFileURL } from "node:url";

const [engine, model] = process.argv.slice(2, 4).map((each) => path.resolve(each));
const [count, question, text] = process.argv.slice(4);
const require = createRequire(path.join(engine, "package.json"));
const { pipeline, env } = await import(pathToFileURL(require.resolve("@huggingface/transformers")));
env.allowRemoteModels = false;
env.localModelPath = path.dirname(model);

const generate = await pipeline("text-generation", path.basename(model), { device: "cpu" });
const likeliest = { do_sample: false, max_new_tokens: Number(count) };
const asked = [{ role: "user", content: question }];
const [answered] = await generate(asked, likeliest);
const [followed] = await generate(text, { ...likeliest, return_full_text: false });
process.stdout.write(
  JSON.stringify({
    prompt: generate.tokenizer.apply_chat_template(asked, { tokenize: false, add_generation_prompt: true }),
    answer: answered.generated_text.at(-1).content,
    continuation: followed.generated_text,
  }),
);
