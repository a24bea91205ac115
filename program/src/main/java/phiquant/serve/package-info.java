/**
 * A model behind OpenAI's API and a page to chat with. {@code Server} is the face, {@code Routes}
 * what is at which address, {@code Reception} hands requests to the model. Source: OpenAI's API
 * reference.
 */
package phiquant.serve;
