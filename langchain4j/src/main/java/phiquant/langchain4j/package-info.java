/**
 * A model that phiquant runs in this process, as LangChain4j's programs take one: {@link
 * phiquant.langchain4j.PhiquantChatModel}.
 */
package phiquant.langchain4j;
