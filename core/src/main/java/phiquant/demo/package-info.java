/**
 * Models for who has none yet: one that is fetched and speaks, and one that is made and says
 * nothing.
 */
package phiquant.demo;
