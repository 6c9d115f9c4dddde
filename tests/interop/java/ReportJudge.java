import eu.europa.esig.validationreport.ValidationReportFacade;
import eu.europa.esig.validationreport.jaxb.SignatureValidationReportType;
import eu.europa.esig.validationreport.jaxb.ValidationReportType;
import eu.europa.esig.validationreport.jaxb.ValidationStatusType;
import java.io.File;

/**
 * ETSI's own schema of validation reports (TS 119 102-2), and EU DSS's reader of them, on reports of ours.
 *
 * Arguments: files. Answers one line a finding: file, the report's place in it, what it is, what it says.
 */
public class ReportJudge {
    public static void main(String[] arguments) throws Exception {
        for (String argument : arguments) {
            File file = new File(argument);
            String prefix = file.getName() + "\t";
            try {
                // Validates by the schema first, and raises where it is broken.
                read(prefix, ValidationReportFacade.newFacade().unmarshall(file));
            } catch (Exception error) {
                Throwable cause = error.getCause() == null ? error : error.getCause();
                say(prefix + "0\t", "refused", String.valueOf(cause.getMessage()));
            }
        }
    }

    private static void read(String prefix, ValidationReportType report) {
        int place = 0;
        for (SignatureValidationReportType each : report.getSignatureValidationReport()) {
            place++;
            String about = prefix + place + "\t";
            ValidationStatusType status = each.getSignatureValidationStatus();
            say(about, "indication", String.valueOf(status.getMainIndication()));
            status.getSubIndication().forEach(sub -> say(about, "sub-indication", String.valueOf(sub)));
            say(about, "file", each.getSignatureIdentifier().getDAIdentifier());
            each.getValidationConstraintsEvaluationReport().getValidationConstraint().forEach(constraint -> say(
                    about,
                    "constraint",
                    constraint.getValidationConstraintIdentifier() + " "
                            + constraint.getValidationStatus().getMainIndication()));
            say(about, "best time", String.valueOf(
                    each.getValidationTimeInfo().getBestSignatureTime().getPOETime().toInstant()));
        }
        report.getSignatureValidationObjects().getValidationObject().forEach(
                object -> say(prefix + "0\t", "object", object.getId() + " " + object.getObjectType()));
    }

    private static void say(String prefix, String what, String says) {
        System.out.println(prefix + what + "\t" + says.replaceAll("\\s+", " "));
    }
}
