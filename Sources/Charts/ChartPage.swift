/// What a page needs once, for all of its charts.
package enum ChartPage {}
