/**
 * An evaluation as one page of HTML. {@link phiquant.report.ReportPage} is the page, the others are
 * its figures.
 */
package phiquant.report;
